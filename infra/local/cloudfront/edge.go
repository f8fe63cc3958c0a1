package cloudfront

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Options are the surroundings of an Edge.
type Options struct {
	// Resolve says where an origin lives on this machine: an http or https URL, whose
	// path goes before everything else. Required.
	Resolve func(originDomain string) (*url.URL, bool)
	// NotFound answers for origins that Resolve does not know; nil means 502.
	NotFound http.Handler
	// ResponseTimeout is how long an origin may be silent, before its response and
	// between two pieces of it; 30 seconds if 0.
	ResponseTimeout time.Duration
	// UpgradeIdle is how long a WebSocket may be silent; 10 minutes if 0.
	UpgradeIdle time.Duration
	// FunctionBudget is how long a function may run; 1 second if 0. CloudFront allows
	// about a millisecond of computing; this is a clock on a machine that may be busy.
	FunctionBudget time.Duration
	// Logger is told about failures, and what functions write to console.log; nil
	// means silence.
	Logger *slog.Logger
	// Now is the clock of the log lines' durations; nil means time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	if o.ResponseTimeout <= 0 {
		o.ResponseTimeout = 30 * time.Second
	}
	if o.UpgradeIdle <= 0 {
		o.UpgradeIdle = 10 * time.Minute
	}
	if o.FunctionBudget <= 0 {
		o.FunctionBudget = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Edge serves a distribution. It is safe for concurrent use.
type Edge struct {
	distribution Distribution
	opt          Options
	functions    []*function // by behavior; nil if it has none
	transport    *http.Transport
}

var _ http.Handler = (*Edge)(nil)

// New checks the distribution as a deployment would, and compiles its functions.
func New(d Distribution, opt Options) (*Edge, error) {
	if opt.Resolve == nil {
		return nil, errors.New("cloudfront: Options.Resolve is required")
	}
	opt.setDefaults()
	if err := d.validate(); err != nil {
		return nil, err
	}
	e := &Edge{distribution: d, opt: opt, transport: newTransport()}
	for _, b := range d.Behaviors {
		var f *function
		if b.ViewerRequest != "" {
			var err error
			if f, err = compile(b.PathPattern, b.ViewerRequest, opt.FunctionBudget); err != nil {
				return nil, fmt.Errorf("cloudfront: behavior %q: %w", b.PathPattern, err)
			}
		}
		e.functions = append(e.functions, f)
	}
	return e, nil
}

// Close closes idle connections to origins.
func (e *Edge) Close() { e.transport.CloseIdleConnections() }

// maxURL is CloudFront's limit on a URL, in characters.
const maxURL = 8192

// ServeHTTP takes one viewer's request to its origin.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{edge: e, id: newRequestID(), viewerIP: viewerIP(r)}
	started := e.opt.Now()
	defer func() { // never the query: it may hold a token
		e.opt.Logger.Debug("edge request", "request", x.id, "method", r.Method, "path", r.URL.Path,
			"behavior", x.behavior.PathPattern, "duration", e.opt.Now().Sub(started))
	}()
	if len(r.Host)+len(r.RequestURI) > maxURL {
		x.fail(w, http.StatusRequestURITooLong, "The URL is too long.")
		return
	}
	chosen := e.choose(r.URL.EscapedPath())
	x.behavior, x.function = e.distribution.Behaviors[chosen], e.functions[chosen]
	switch {
	case !x.behavior.allows(r.Method):
		x.fail(w, http.StatusForbidden, "This distribution is not configured to allow the HTTP request method that was used for this request.")
	case r.Method == http.MethodGet && r.ContentLength != 0:
		x.fail(w, http.StatusForbidden, "A GET request must not have a body.")
	case x.function == nil:
		x.toOrigin(w, r)
	default:
		x.runFunction(w, r)
	}
}

// OriginOf is where requests for a path go, unless a function answers them.
func (e *Edge) OriginOf(path string) Origin {
	return e.distribution.Origins[e.distribution.Behaviors[e.choose(path)].Origin]
}

// choose finds the first behavior whose pattern covers the path.
func (e *Edge) choose(escapedPath string) int {
	path := normalize(escapedPath)
	last := len(e.distribution.Behaviors) - 1
	for i, b := range e.distribution.Behaviors[:last] {
		if matchPath(b.PathPattern, path) {
			return i
		}
	}
	return last
}

// exchange is one request on its way.
type exchange struct {
	edge     *Edge
	behavior Behavior
	function *function
	id       string
	viewerIP string
}

// runFunction lets the function answer, or change the request.
func (x *exchange) runFunction(w http.ResponseWriter, r *http.Request) {
	before := newFunctionRequest(r)
	result, err := x.callFunction(before)
	switch {
	case errors.Is(err, errInvalid):
		x.edge.opt.Logger.Error("edge function returned something invalid", x.attrs(err)...)
		x.failWith(w, http.StatusBadGateway, "FunctionValidationError", "The CloudFront function returned an invalid value.")
	case err != nil:
		x.edge.opt.Logger.Error("edge function failed", x.attrs(err)...)
		x.failWith(w, http.StatusServiceUnavailable, "FunctionExecutionError", "The CloudFront function associated with the distribution is invalid or could not run.")
	case result.response != nil:
		x.mark(w.Header(), "FunctionGeneratedResponse from cloudfront")
		result.response.write(w)
	default:
		changed := r.Clone(r.Context())
		result.request.apply(changed)
		x.toOrigin(w, changed)
	}
}

func (x *exchange) callFunction(request functionRequest) (functionResult, error) {
	d := &x.edge.distribution
	event, err := json.Marshal(functionEvent{Version: "1.0", Viewer: eventViewer{x.viewerIP}, Request: request,
		Context: eventContext{DistributionDomainName: d.DomainName, DistributionID: d.ID, EventType: "viewer-request", RequestID: x.id}})
	if err != nil {
		return functionResult{}, fmt.Errorf("cloudfront: encode event: %w", err)
	}
	result, err := x.function.run(string(event), func(line string) {
		x.edge.opt.Logger.Info("edge function says", "behavior", x.behavior.PathPattern, "request", x.id, "line", line)
	})
	if err != nil {
		return functionResult{}, err
	}
	return parseResult(result, request)
}

func (x *exchange) attrs(err error) []any {
	return []any{"behavior", x.behavior.PathPattern, "request", x.id, "error", err}
}

func viewerIP(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// newRequestID looks like CloudFront's, such as "k3p0…Q==": 56 characters.
func newRequestID() string {
	var b [40]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.URLEncoding.EncodeToString(b[:])
}

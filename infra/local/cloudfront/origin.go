package cloudfront

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// errSilent is why a request to an origin ended that said nothing for too long.
var errSilent = errors.New("cloudfront: the origin was silent for too long")

// newTransport never asks for compression on its own and uses no proxy: the origin is
// on this machine.
func newTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: false}
}

// toOrigin passes the request on, and the response back as it comes. A response may come before the
// request was read to its end: net/http would then close the request's body, and the transport, which
// still reads there, would take that for a failure and cut the response.
func (x *exchange) toOrigin(w http.ResponseWriter, r *http.Request) {
	origin := x.edge.distribution.Origins[x.behavior.Origin]
	target, ok := x.edge.opt.Resolve(origin.DomainName)
	if !ok {
		x.noOrigin(w, r, origin)
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	watch := newWatch(cmpOr(origin.ResponseTimeout, x.edge.opt.ResponseTimeout), func() { cancel(errSilent) })
	defer watch.stop()
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 knows nothing else
	proxy := &httputil.ReverseProxy{
		Transport: x.edge.transport, FlushInterval: -1,
		Rewrite:        func(p *httputil.ProxyRequest) { x.rewrite(p, origin, target) },
		ModifyResponse: func(response *http.Response) error { return x.modify(response, watch) },
		ErrorHandler:   x.originFailed,
		ErrorLog:       log.New(io.Discard, "", 0), // what it has to say, originFailed says better
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
}

func cmpOr(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

func (x *exchange) noOrigin(w http.ResponseWriter, r *http.Request, origin Origin) {
	if x.edge.opt.NotFound != nil {
		x.edge.opt.NotFound.ServeHTTP(w, r)
		return
	}
	x.edge.opt.Logger.Error("origin is not on this machine", "origin", origin.DomainName, "request", x.id)
	x.fail(w, http.StatusBadGateway, "CloudFront wasn't able to resolve the origin domain name.")
}

// rewrite makes the origin's request of the viewer's.
func (x *exchange) rewrite(p *httputil.ProxyRequest, origin Origin, target *url.URL) {
	out := p.Out
	setPath(out.URL, strings.TrimSuffix(target.EscapedPath(), "/")+origin.OriginPath+p.In.URL.EscapedPath())
	out.URL.Scheme, out.URL.Host = target.Scheme, target.Host
	out.URL.RawQuery = p.In.URL.RawQuery // as it came: Rewrite drops what it cannot parse
	if x.behavior.OriginRequestPolicy != AllViewer {
		out.Host = target.Host
	}
	if x.behavior.OriginRequestPolicy == "" {
		withoutPolicy(out)
	}
	out.Header.Del("X-Real-Ip")
	out.Header.Set("X-Forwarded-For", strings.Join(append(p.In.Header.Values("X-Forwarded-For"), x.viewerIP), ", "))
	out.Header.Add("Via", "1.1 "+x.via())
	out.Header.Set("X-Amz-Cf-Id", x.id)
	for name, v := range origin.CustomHeaders {
		out.Header.Set(name, v)
	}
}

// withoutPolicy leaves what an origin gets when no origin request policy says more.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
func withoutPolicy(out *http.Request) {
	kept := http.Header{"User-Agent": {"Amazon CloudFront"}}
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Connection", "Upgrade"} {
		if values := out.Header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	out.Header = kept
	out.URL.RawQuery = ""
}

// modify marks the response, and from then on watches its pieces.
func (x *exchange) modify(response *http.Response, watch *watch) error {
	cache := "Miss from cloudfront"
	if response.StatusCode >= http.StatusBadRequest {
		cache = "Error from cloudfront"
	}
	x.mark(response.Header, cache)
	if conn, ok := response.Body.(io.ReadWriteCloser); ok && response.StatusCode == http.StatusSwitchingProtocols {
		watch.every(x.edge.opt.UpgradeIdle)
		response.Body = watchedConn{watchedBody{conn, watch}, conn}
		return nil
	}
	watch.reset()
	response.Body = watchedBody{response.Body, watch}
	return nil
}

// originFailed answers when there is no response to pass on.
func (x *exchange) originFailed(w http.ResponseWriter, r *http.Request, err error) {
	silent := errors.Is(context.Cause(r.Context()), errSilent)
	if r.Context().Err() != nil && !silent {
		return // the viewer has gone
	}
	x.edge.opt.Logger.Warn("origin failed", slog.String("origin", x.behavior.Origin), slog.String("request", x.id), slog.Any("error", err))
	if silent {
		x.fail(w, http.StatusGatewayTimeout, "We can't connect to the server for this app or website at this time: the origin did not answer in time.")
		return
	}
	x.fail(w, http.StatusBadGateway, "We can't connect to the server for this app or website at this time.")
}

// watch calls silent when nothing has happened for a while.
type watch struct {
	quiet time.Duration
	timer *time.Timer
}

func newWatch(quiet time.Duration, silent func()) *watch {
	return &watch{quiet, time.AfterFunc(quiet, silent)}
}

func (w *watch) reset() { w.timer.Reset(w.quiet) }
func (w *watch) stop()  { w.timer.Stop() }

func (w *watch) every(quiet time.Duration) {
	w.quiet = quiet
	w.reset()
}

// watchedBody tells the watch of every piece that the origin sends.
type watchedBody struct {
	io.ReadCloser
	watch *watch
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.watch.reset()
	}
	return n, err
}

// watchedConn does so for both directions of an upgraded connection.
type watchedConn struct {
	watchedBody
	w io.Writer
}

func (c watchedConn) Write(p []byte) (int, error) {
	c.watch.reset()
	return c.w.Write(p)
}

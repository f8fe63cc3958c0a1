package functionurl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"edgestream/infra/local/lambda"
)

// The values of URL.AuthType and URL.InvokeMode.
const (
	None           = "NONE"
	IAM            = "AWS_IAM"
	Buffered       = "BUFFERED"
	ResponseStream = "RESPONSE_STREAM"
)

// requestID is the header of the invocation's id or, where there is none, of the request's.
const requestID = "X-Amzn-Requestid"

// URL is what FunctionUrlConfig says of one function.
type URL struct {
	// Function is the function's name.
	Function string
	// Domain is AWS's host name of it, such as abc.lambda-url.us-east-1.on.aws: what the
	// function is told, wherever it is served here.
	Domain string
	// AuthType is None if empty, InvokeMode Buffered.
	AuthType, InvokeMode string
	// CORS is nil where the template says nothing: then OPTIONS goes to the function too.
	CORS *CORS
}

// Lambda runs functions; *lambda.Service does.
type Lambda interface {
	Invoke(ctx context.Context, function string, event []byte) (lambda.Result, error)
	InvokeStream(ctx context.Context, function string, event []byte) (*lambda.StreamingResult, error)
}

// Options are the surroundings of a Handler.
type Options struct {
	// Lambda runs the function. Required.
	Lambda Lambda
	// AccountID is whose a signed request is said to be; 000000000000 if empty.
	AccountID string
	// Logger is told why a request was answered with 502; nil means silence.
	Logger *slog.Logger
	// Now is the clock of the events; nil means time.Now.
	Now func() time.Time
	// Life is when responses that stream are cut off, in silence: at its end. nil means never.
	Life context.Context
}

// Handler serves one URL. It is safe for concurrent use.
type Handler struct {
	url URL
	opt Options
}

var _ http.Handler = (*Handler)(nil)

// New returns the handler of a URL. It serves the URL's root: strip what goes before.
func New(u URL, opt Options) *Handler {
	if opt.AccountID == "" {
		opt.AccountID = "000000000000"
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Life == nil {
		opt.Life = context.Background()
	}
	return &Handler{u, opt}
}

// ServeHTTP takes one request to the function.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := newRequestID()
	w.Header().Set(requestID, id)
	if h.url.CORS != nil && h.url.CORS.answer(w, r) {
		return
	}
	if h.url.AuthType == IAM && lambda.CheckSignature(r.Header) != nil {
		refuse(w, http.StatusForbidden, "AccessDeniedException", "Forbidden")
		return
	}
	event, err := h.event(r, id)
	switch {
	case errors.Is(err, errTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", lambda.MaxSyncPayload))
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "The request body could not be read.")
	case h.url.InvokeMode == ResponseStream:
		h.stream(w, r, event)
	default:
		h.buffered(w, r, event)
	}
}

// failed answers for an invocation that brought no response.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	if errors.Is(err, lambda.ErrThrottled) {
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
		return
	}
	h.opt.Logger.Warn("function URL answers 502", "function", h.url.Function, "error", err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = w.Write([]byte("Internal Server Error")) // a client that has gone needs no answer
}

// refuse answers as Lambda does itself. The message is ours: nothing in it comes from the client.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"Message":%q}`, message)
}

// newRequestID returns a random UUID, the form of Lambda's request ids.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

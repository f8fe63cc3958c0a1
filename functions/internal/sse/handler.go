package sse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"edgestream/functions/internal/functionurl"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// Positions knows where subscriptions go on.
type Positions interface {
	// Resume has the subscription's events logged from now on, and returns where it goes on: behind
	// the id, or from now if the id is empty or, with the reason, cannot be gone on from.
	Resume(ctx context.Context, b history.Bound, id string) (history.Start, error)
}

// Slots bounds how many responses there are.
type Slots interface {
	// Take takes a slot for the reader. stream.ErrTooManyReaders: there is none.
	Take(ctx context.Context, r stream.Reader) (slot int, err error)
	Free(ctx context.Context, slot int, r stream.Reader) error
}

// Members counts the reader among its account's connections.
type Members interface {
	// Admit adds it. If the account has as many as it may, and one of them is a reader of the same
	// token and subscription, the oldest such one gives up its place once it has been told: a client whose
	// response has vanished must not be locked out by it. stream.ErrTooManyConnections,
	// stream.ErrInvalidToken, and any error of tell.
	Admit(ctx context.Context, r stream.Reader, tell func(reader string) error) error
	Dismiss(ctx context.Context, r stream.Reader) error
}

// Handoffs keeps where responses ended.
type Handoffs interface {
	// Leave keeps the handoff, once, however often it is left.
	Leave(ctx context.Context, h stream.Handoff) error
	// Take takes for the reader the position of the client's oldest handoff whose last event is this
	// one, or, if lastEvent is empty, of its oldest. Empty: there is none.
	Take(ctx context.Context, client, lastEvent, reader string) (position string, err error)
}

// Logs reaches the readers of a log.
type Logs interface {
	Control(ctx context.Context, topic stream.Topic, event, payload string) error
}

// Viewers knows what accounts filter.
type Viewers interface {
	// Viewer is the version of what the account filters now, see stream.Grant.
	Viewer(ctx context.Context, account string) (version string, err error)
}

// Renderer shows messages as their viewers are to see them.
type Renderer interface {
	// Render is the message as the listener is to get it; false: it is not to be shown. An error
	// says that nobody knows.
	Render(ctx context.Context, l stream.Listener, m stream.Message) (stream.Message, bool, error)
}

// Seen is what came of a request for a stream that its client may have.
type Seen struct {
	// Full says that there was no room for it. Otherwise a response begins, with a gap if Gap says so.
	Full, Gap bool
}

// Handler serves streams. All fields but Observe, Jitter and Now are needed. It is safe for concurrent use.
type Handler struct {
	Tokens     mastodon.Tokens
	Authoriser mastodon.Authoriser
	Positions  Positions
	History    history.Log
	Slots      Slots
	Members    Members
	Handoffs   Handoffs
	Logs       Logs
	Viewers    Viewers
	Renderer   Renderer
	// Lifetime is how long a response lasts at most; it also ends Margin before the context does.
	Lifetime time.Duration
	// MaxBytes is how long a response may be: then it ends as planned.
	MaxBytes int
	// Poll is how often History is asked.
	Poll time.Duration
	Log  *slog.Logger
	// Observe is told of each request.
	Observe func(Seen)
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
	// Now is the clock by which History is read. Default: time.Now.
	Now func() time.Time
}

func (h *Handler) jitter(d time.Duration) time.Duration {
	if h.Jitter == nil {
		return rand.N(d)
	}
	return h.Jitter(d)
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

func (h *Handler) seen(s Seen) {
	if h.Observe != nil {
		h.Observe(s)
	}
}

// Margin is the part of the function's time that is kept for a response's end.
const Margin = 20 * time.Second

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := functionurl.RequestID(r.Context())
	log := h.Log.With("request", id)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("X-Request-Id", id)
	switch {
	case r.Method == http.MethodOptions:
		preflight(w, r)
	case isHealth(r):
		answer(w, http.StatusOK, "text/plain", "OK")
	default:
		if err := h.stream(w, r, id, log); err != nil {
			refuse(r.Context(), w, err, log)
		}
	}
}

// errPanic stands for what a request broke on; the log has it.
var errPanic = errors.New("panic")

// logPanic writes what went wrong and where. A panic's value is text of the runtime or the program,
// never of a client.
func logPanic(ctx context.Context, log *slog.Logger, p any) {
	log.ErrorContext(ctx, "panic", "reason", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// stream writes a response, or returns why there is none.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, id string, log *slog.Logger) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(r.Context(), log, p)
			err = errPanic
		}
	}()
	params, err := paramsOf(r)
	if err != nil {
		return err
	}
	token, err := credentials(r).Token()
	if err != nil {
		return err
	}
	ctx := r.Context()
	grant, err := h.Tokens.Grant(ctx, token)
	if err != nil {
		return err
	}
	sub, err := h.Authoriser.Authorise(ctx, grant, params)
	if err != nil {
		return err
	}
	a, err := h.admit(ctx, h.visit(r, id, grant, sub))
	if err != nil {
		if isFull(err) {
			h.seen(Seen{Full: true})
		}
		return err
	}
	defer a.leave(log)
	h.seen(Seen{Gap: a.start.Gap != ""})
	return a.respond(ctx, w, log)
}

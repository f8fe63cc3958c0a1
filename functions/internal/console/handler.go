package console

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

//go:embed page
var page embed.FS

// maxBody is how long the body of a call may be: an item of the Content table and some.
const maxBody = 512 << 10

// Tokens knows, makes and revokes access tokens.
type Tokens interface {
	// Grant is what the token allows; stream.ErrInvalidToken, wrapped with the reason: nothing.
	Grant(ctx context.Context, token string) (stream.Grant, error)
	// Issue stores a new token that allows what the grant does until its TokenExpires.
	Issue(ctx context.Context, token string, g stream.Grant) error
	// Revoke ends the token with this hash at the given time.
	Revoke(ctx context.Context, tokenHash string, at time.Time) error
}

// Content writes the Content table.
type Content interface {
	Put(ctx context.Context, i stream.Item) error
	Delete(ctx context.Context, owner, id string) error
}

// Handler serves the page and its API. All fields are needed.
type Handler struct {
	// Protocols is what the stack offers, and so the page: "mastodon", "pusher" or "both".
	Protocols string
	Tokens    Tokens
	Content   Content
	// Apps and Events are needed for "pusher" and "both" alone.
	Apps   Apps
	Events Events
	Log    *slog.Logger
}

// HTTP is the handler of the package comment's paths.
func (h Handler) HTTP() http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the files are part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.Handle("GET /console/", http.StripPrefix("/console/", http.FileServerFS(files)))
	mux.HandleFunc("GET /console/account", h.authorised(account))
	mux.HandleFunc("POST /console/content", h.authorised(h.put))
	mux.HandleFunc("DELETE /console/content", h.authorised(h.remove))
	if h.Protocols != "mastodon" {
		mux.HandleFunc("POST /console/channels/auth", h.authorised(h.sign))
		mux.HandleFunc("POST /console/channels/events", h.authorised(h.publish))
	}
	mux.HandleFunc("POST /console/tokens", h.authorised(h.issue))
	mux.HandleFunc("DELETE /console/tokens", h.authorised(h.revoke))
	return safe(mux)
}

//go:embed page/console.html
var document string

// page tells the document what the stack offers.
func (h Handler) page(w http.ResponseWriter, r *http.Request) {
	told := strings.Replace(document, `data-protocols="both"`, `data-protocols="`+h.Protocols+`"`, 1)
	http.ServeContent(w, r, "console.html", time.Time{}, strings.NewReader(told))
}

// safe adds the headers that keep the page to itself.
func safe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// call is one authorised request.
type call struct {
	*http.Request
	grant stream.Grant
}

// authorised finds the token's grant, runs the call and answers with what it returns: 204 for nil.
func (h Handler) authorised(run func(call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := h.run(r, run)
		switch {
		case err != nil:
			h.fail(w, r, err)
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, answer)
		}
	}
}

func (h Handler) run(r *http.Request, run func(call) (any, error)) (any, error) {
	token, err := mastodon.Credentials{Authorization: r.Header.Get("Authorization")}.Token()
	if err != nil {
		return nil, err
	}
	grant, err := h.Tokens.Grant(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return run(call{r, grant})
}

// account says whose token it is, for the page to sign what it writes.
func account(c call) (any, error) {
	return map[string]string{"account": c.grant.Account}, nil
}

// badRequest is a fault of the caller, and forbidden what the caller may not do, in words for the
// person at the page.
type (
	badRequest struct{ error }
	forbidden  struct{ error }
)

// fail answers with the error as its caller may know it.
func (h Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if bad, ok := errors.AsType[badRequest](err); ok {
		write(w, http.StatusBadRequest, map[string]string{"error": bad.Error()})
		return
	}
	if no, ok := errors.AsType[forbidden](err); ok {
		write(w, http.StatusForbidden, map[string]string{"error": no.Error()})
		return
	}
	refusal := mastodon.RefusalOf(err)
	if refusal.Own() {
		h.Log.ErrorContext(r.Context(), "console", "path", r.URL.Path, "reason", err.Error())
	}
	write(w, refusal.Status, map[string]string{"error": refusal.Message})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever is gone is not answered
}

// read decodes the body into fields that it knows.
func (c call) read(into any) error {
	d := json.NewDecoder(c.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest{err}
	}
	return nil
}

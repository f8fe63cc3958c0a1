package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"edgestream/functions/internal/functionurl"
	"edgestream/functions/internal/httpapi"
)

// margin is the part of the function's time that is kept for an answer.
const margin = time.Second

// Handler leads requests to the two APIs. All fields are needed. It is safe for concurrent use.
type Handler struct {
	Channels, CloudApp http.Handler
	Log                *slog.Logger
}

// ServeHTTP answers one request. Its context ends before the function does.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if deadline, ok := ctx.Deadline(); ok {
		shorter, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
		ctx = shorter
	}
	w.Header().Set("X-Request-Id", functionurl.RequestID(ctx))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	to := h.CloudApp
	if strings.HasPrefix(r.URL.EscapedPath(), httpapi.Prefix) {
		to = h.Channels
	}
	h.safely(w, r.WithContext(ctx), to)
}

// safely answers 500 where the handler panics. Of the path, which may be a capability, the log has the
// first part.
func (h Handler) safely(w http.ResponseWriter, r *http.Request, to http.Handler) {
	defer func() {
		if p := recover(); p != nil {
			first, _, _ := strings.Cut(strings.TrimPrefix(path.Clean(r.URL.EscapedPath()), "/"), "/")
			h.Log.ErrorContext(r.Context(), "panic", "request", w.Header().Get("X-Request-Id"), "path", "/"+short(first),
				"reason", fmt.Sprint(p), "stack", string(debug.Stack()))
			answerText(w, http.StatusInternalServerError, "An unexpected error occurred")
		}
	}()
	to.ServeHTTP(w, r)
}

func answerText(w http.ResponseWriter, status int, text string) {
	answer(w, status, "text/plain; charset=utf-8", []byte(text))
}

func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone misses nothing
}

// short keeps a hostile path from filling the log.
func short(text string) string { return text[:min(len(text), 300)] }

package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"edgestream/functions/internal/httpapi"
)

// ChannelsAPI answers the calls of the Channels HTTP API; httpapi.RefusalOf says what its errors mean.
type ChannelsAPI interface {
	Serve(ctx context.Context, r httpapi.Request) ([]byte, error)
}

// Channels serves the Channels HTTP API: JSON with status 200, and plain text with any other.
type Channels struct {
	API ChannelsAPI
	Log *slog.Logger
}

// ServeHTTP answers one call.
func (c Channels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := c.serve(r)
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, "application/json", body)
}

var errBody = httpapi.Refusal{Status: http.StatusBadRequest, Message: "The body cannot be read"}

func (c Channels) serve(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, httpapi.MaxBody+1))
	if err != nil {
		return nil, errBody
	}
	return c.API.Serve(r.Context(), httpapi.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: body, At: time.Now(),
	})
}

// retryAfter is how many seconds a caller is asked to wait when the service fails.
const retryAfter = "1"

// refuse tells why there is no answer, and writes the log's line.
func (c Channels) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal, level, path := httpapi.RefusalOf(err), slog.LevelInfo, r.URL.EscapedPath()
	if refusal.Own() {
		level = slog.LevelError
		w.Header().Set("Retry-After", retryAfter)
	}
	if refusal.Allow != "" {
		w.Header().Set("Allow", refusal.Allow)
	}
	c.Log.Log(r.Context(), level, "call refused", "status", refusal.Status, "app", httpapi.App(path), "method", short(r.Method),
		"path", short(path), "request", w.Header().Get("X-Request-Id"), "reason", refusal.Error())
	answerText(w, refusal.Status, refusal.Message)
}

package sse

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// retryAfter is how many seconds a client is asked to wait when there is no room for it.
const retryAfter = "30"

// refuse answers a request that gets no stream.
func refuse(ctx context.Context, w http.ResponseWriter, err error, log *slog.Logger) {
	refusal, level := refusalOf(err), slog.LevelInfo
	switch {
	case isFull(err):
		level = slog.LevelWarn
		w.Header().Set("Retry-After", retryAfter)
	case errors.Is(err, stream.ErrTooManyConnections):
		w.Header().Set("Retry-After", retryAfter)
	case refusal.Own():
		level = slog.LevelError
	}
	log.Log(ctx, level, "stream refused", "status", refusal.Status, "reason", err.Error())
	body, _ := json.Marshal(struct { // cannot fail
		Error string `json:"error"`
	}{refusal.Message})
	answer(w, refusal.Status, "application/json", string(body))
}

// isFull reports whether there is no room for one more response just now.
func isFull(err error) bool {
	return errors.Is(err, stream.ErrTooManyReaders) || errors.Is(err, errNotTold)
}

// refusalOf is what RefusalOf says, and what only HTTP knows.
func refusalOf(err error) mastodon.Refusal {
	switch {
	case errors.Is(err, errUnknownChannel):
		return mastodon.Refusal{Status: http.StatusBadRequest, Message: "Unknown channel requested"}
	case isFull(err):
		return mastodon.Refusal{Status: http.StatusServiceUnavailable, Message: "Too many streams"}
	}
	return mastodon.RefusalOf(err)
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that has gone misses nothing
}

// preflight answers a browser that asks before it sends a header of its own.
func preflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Del("Cache-Control")
	w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	w.Header().Set("Vary", "Access-Control-Request-Headers")
	if asked := r.Header.Get("Access-Control-Request-Headers"); isHeaderList(asked) {
		w.Header().Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusNoContent)
}

// isHeaderList reports whether the text looks like names of headers, as the edge reads them too.
func isHeaderList(text string) bool {
	const marks = "!#$%&'*+.^_`|~, -"
	return text != "" && len(text) <= 1024 && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(marks, r)
	})
}

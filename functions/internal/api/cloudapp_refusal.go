package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/mastodon"
)

// refusal is the answer to a call that failed. It writes the log's line.
func (c CloudApp) refusal(w http.ResponseWriter, r *http.Request, err error) reply {
	if wrong, ok := errors.AsType[cloudapp.Invalid](err); ok {
		c.note(w, r, http.StatusUnprocessableEntity, errInvalid) // what is wrong may quote the item
		return reply{status: http.StatusUnprocessableEntity, body: wrong.JSON()}
	}
	told := refusalOf(err)
	c.note(w, r, told.Status, err)
	if told.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	body, _ := json.Marshal(map[string]string{"error": told.Message}) // cannot fail
	return reply{status: told.Status, body: body}
}

var errInvalid = errors.New("the item or the list is not as it can be")

// note writes that a call was refused. The pattern stands for the path, which may be a credential.
func (c CloudApp) note(w http.ResponseWriter, r *http.Request, status int, err error) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	c.Log.Log(r.Context(), level, "call refused", "status", status, "call", r.Pattern, "request", w.Header().Get("X-Request-Id"), "reason", err.Error())
}

// refusalOf is what the client is told; package mastodon says it of tokens.
func refusalOf(err error) mastodon.Refusal {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return mastodon.Refusal{Status: http.StatusRequestEntityTooLarge, Message: "The body is too large"}
	}
	for _, known := range []struct {
		err error
		mastodon.Refusal
	}{
		// First, since it wraps the others.
		{cloudapp.ErrRefused, mastodon.Refusal{Status: 403, Message: "Subscription is not authorised"}},
		{cloudapp.ErrScope, mastodon.Refusal{Status: 403, Message: "Access token does not have the required scopes"}},
		{cloudapp.ErrSocket, mastodon.Refusal{Status: 400, Message: "socket_id is missing or malformed"}},
		{cloudapp.ErrCallback, mastodon.Refusal{Status: 400, Message: "callback is missing or none of pusher-js"}},
		{cloudapp.ErrBody, mastodon.Refusal{Status: 400, Message: "The body must be a JSON object whose member item is an object"}},
		{cloudapp.ErrNoItem, mastodon.Refusal{Status: 404, Message: "Not Found"}},
		{cloudapp.ErrBusy, mastodon.Refusal{Status: 503, Message: "The item is being changed by others"}},
		{errForm, mastodon.Refusal{Status: 400, Message: "The body must be a form"}},
		{errHost, mastodon.Refusal{Status: 400, Message: "The request's host is malformed"}},
	} {
		if errors.Is(err, known.err) {
			return known.Refusal
		}
	}
	return mastodon.RefusalOf(err)
}

package route

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"edgestream/functions/internal/mastodon"
)

// Connector admits clients.
type Connector interface {
	// Connect says with an error why the client is refused; mastodon.RefusalOf has its status.
	Connect(ctx context.Context, h mastodon.Handshake, log *slog.Logger) error
}

// Connect is the handler of $connect: 200, with the first subprotocol offered, or the status of
// the refusal.
func Connect(c Connector, log *slog.Logger) Handler {
	return handler(log, http.StatusInternalServerError, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		h := handshake(e)
		if err := c.Connect(ctx, h, log); err != nil {
			return refused(ctx, err, log)
		}
		res := ok()
		if p := h.Subprotocol(); p != "" {
			res.Headers = map[string]string{"Sec-WebSocket-Protocol": p}
		}
		return res
	})
}

func refused(ctx context.Context, err error, log *slog.Logger) Response {
	r, level := mastodon.RefusalOf(err), slog.LevelInfo
	if r.Own() {
		level = slog.LevelError
	}
	log.Log(ctx, level, "connection refused", "status", r.Status, "reason", err.Error())
	return Response{StatusCode: r.Status}
}

func handshake(e Event) mastodon.Handshake {
	return mastodon.Handshake{
		Connection: connection(e),
		Credentials: mastodon.Credentials{
			Authorization: first(header(e, "Authorization")),
			AccessToken:   query(e, "access_token"),
			Protocols:     strings.Join(header(e, "Sec-WebSocket-Protocol"), ","),
		},
		Params: mastodon.Params{
			Stream: query(e, "stream"), Tag: query(e, "tag"), List: query(e, "list"), LastEventID: query(e, "last_event_id"),
		},
		EventIDs: asked(query(e, "event_ids")),
	}
}

// header are the values of a header, whose name comes in the client's own case.
func header(e Event, name string) []string {
	for key, values := range e.MultiValueHeaders {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values
		}
	}
	for key, value := range e.Headers {
		if strings.EqualFold(key, name) {
			return []string{value}
		}
	}
	return nil
}

// query is the value of a parameter, and of a repeated one the first, as in a message.
func query(e Event, name string) string {
	if values := e.MultiValueQueryStringParameters[name]; len(values) > 0 {
		return values[0]
	}
	return e.QueryStringParameters[name]
}

// asked reports whether a switch is on. Anything but these two words is off, and so as it was
// before there was a switch.
func asked(value string) bool { return value == "true" || value == "1" }

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

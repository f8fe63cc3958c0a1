package route

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/pusher"
)

// Connector admits clients of Mastodon's protocol.
type Connector interface {
	// Connect says with an error why the client is refused; mastodon.RefusalOf has its status.
	Connect(ctx context.Context, h mastodon.Handshake, log *slog.Logger) error
}

// ChannelConnector admits clients of the Channels protocol.
type ChannelConnector interface {
	// Connect fails if the service is at fault: who is refused is told on the socket.
	Connect(ctx context.Context, h pusher.Handshake, log *slog.Logger) error
}

// Connect is the handler of $connect: 200, with the first subprotocol offered, or the status of
// the refusal. A client that names an app (?app=, which the edge makes of /app/{key}) is one of the
// Channels protocol. That connector must be there, also where the protocol is off: a client that is
// refused any other way tries for ever. Mastodon's is nil if that protocol is off: 404.
func Connect(m Connector, c ChannelConnector, log *slog.Logger) Handler {
	return handler(log, http.StatusInternalServerError, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		h := handshake(e)
		var err error
		switch key, named := parameter(e, "app"); {
		case named:
			err = c.Connect(ctx, pusher.Handshake{Connection: h.Connection, Key: key, Protocol: query(e, "protocol")}, log)
		case m == nil:
			err = errOff
		default:
			err = m.Connect(ctx, h, log)
		}
		if err != nil {
			return refused(ctx, err, log)
		}
		return opened(h)
	})
}

// errOff: the protocol is one that the stack does not speak.
var errOff = errors.New("the protocol is off")

// opened takes the first subprotocol up that was offered: browsers fail the connection otherwise.
func opened(h mastodon.Handshake) Response {
	res := ok()
	if p := h.Subprotocol(); p != "" {
		res.Headers = map[string]string{"Sec-WebSocket-Protocol": p}
	}
	return res
}

func refused(ctx context.Context, err error, log *slog.Logger) Response {
	r, level := mastodon.RefusalOf(err), slog.LevelInfo
	if errors.Is(err, errOff) {
		r.Status = http.StatusNotFound
	}
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
	value, _ := parameter(e, name)
	return value
}

// parameter is the value of a parameter, and whether it is there at all.
func parameter(e Event, name string) (value string, ok bool) {
	if values := e.MultiValueQueryStringParameters[name]; len(values) > 0 {
		return values[0], true
	}
	value, ok = e.QueryStringParameters[name]
	return value, ok
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

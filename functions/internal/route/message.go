package route

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"edgestream/functions/internal/mastodon"
)

// Receiver handles what clients send, and answers it itself.
type Receiver interface {
	Receive(ctx context.Context, in mastodon.Incoming, log *slog.Logger)
}

// Message is the handler of every route of messages, $default among them: what a message is
// stands in its body, not in the route that it took. It is always 200. A body that is not text
// is ignored.
func Message(r Receiver, log *slog.Logger) Handler {
	return handler(log, http.StatusOK, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		if !e.IsBase64Encoded {
			r.Receive(ctx, incoming(e), log)
		}
		return ok()
	})
}

func incoming(e Event) mastodon.Incoming {
	return mastodon.Incoming{
		Connection: connection(e),
		At:         time.UnixMilli(e.RequestContext.RequestTimeEpoch).UTC(),
		Body:       e.Body,
	}
}

package route

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/pusher"
)

// Receiver handles what clients of Mastodon's protocol send, and answers it itself.
type Receiver interface {
	Receive(ctx context.Context, in mastodon.Incoming, log *slog.Logger)
}

// ChannelReceiver handles what clients of the Channels protocol send, and answers it itself.
type ChannelReceiver interface {
	Receive(ctx context.Context, in pusher.Incoming, log *slog.Logger)
}

// Message is the handler of every route of messages, $default among them: what a message is
// stands in its body, not in the route that it took. It is always 200. A body that is not text
// is ignored. The receiver of a protocol that is off is nil; where both are there, the body says
// which of them it is for, and they know whether the connection is theirs.
func Message(m Receiver, c ChannelReceiver, log *slog.Logger) Handler {
	return handler(log, http.StatusOK, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		switch {
		case e.IsBase64Encoded:
		case m == nil, c != nil && pusher.Speaks(e.Body):
			c.Receive(ctx, pusher.Incoming(incoming(e)), log)
		default:
			m.Receive(ctx, incoming(e), log)
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

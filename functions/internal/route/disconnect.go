package route

import (
	"context"
	"log/slog"
	"net/http"

	"edgestream/functions/internal/stream"
)

// Closer forgets connections.
type Closer interface {
	// Close removes everything that the connection holds; nil if there is nothing (any more).
	Close(ctx context.Context, c stream.Connection) error
}

// ChannelCloser forgets connections of apps.
type ChannelCloser interface {
	// Close is like Closer's. Known is false for a connection that is none of an app, as far as is known.
	Close(ctx context.Context, c stream.Connection) (known bool, err error)
}

// Disconnect is the handler of $disconnect. The closer of a protocol that is off is nil. Nobody hears
// its status: 500 is for the invocation's own record. What it fails to remove goes with the first
// post that finds the connection gone, or when the rows run out.
func Disconnect(m Closer, c ChannelCloser, log *slog.Logger) Handler {
	return handler(log, http.StatusInternalServerError, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		if err := closeConnection(ctx, m, c, connection(e)); err != nil {
			log.ErrorContext(ctx, "connection not removed", "reason", err.Error())
			return Response{StatusCode: http.StatusInternalServerError}
		}
		return ok()
	})
}

func closeConnection(ctx context.Context, m Closer, c ChannelCloser, conn stream.Connection) error {
	if c != nil {
		if known, err := c.Close(ctx, conn); known || err != nil {
			return err
		}
	}
	if m == nil {
		return nil
	}
	return m.Close(ctx, conn)
}

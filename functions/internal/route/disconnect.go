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

// Disconnect is the handler of $disconnect. Nobody hears its status: 500 is for the invocation's
// own record. What it fails to remove goes with the first post that finds the connection gone,
// or when the rows run out.
func Disconnect(c Closer, log *slog.Logger) Handler {
	return handler(log, http.StatusInternalServerError, func(ctx context.Context, e Event, log *slog.Logger) Response {
		ctx, cancel := early(ctx)
		defer cancel()
		if err := c.Close(ctx, connection(e)); err != nil {
			log.ErrorContext(ctx, "connection not removed", "reason", err.Error())
			return Response{StatusCode: http.StatusInternalServerError}
		}
		return ok()
	})
}

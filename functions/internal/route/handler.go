package route

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/stream"
)

// Margin is the part of an invocation's time that a handler keeps for its answer.
const Margin = time.Second

// Event and Response are what API Gateway sends and expects.
type (
	Event    = events.APIGatewayWebsocketProxyRequest
	Response = events.APIGatewayProxyResponse
)

// Handler is what lambda.Start takes. Its error is always nil.
type Handler func(context.Context, Event) (Response, error)

// handler wraps serve with all that the routes have in common. After a panic the status is fallen.
func handler(log *slog.Logger, fallen int, serve func(context.Context, Event, *slog.Logger) Response) Handler {
	return func(ctx context.Context, e Event) (res Response, _ error) {
		log := log.With("connection", e.RequestContext.ConnectionID, "request", e.RequestContext.RequestID)
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, log, p)
				res = Response{StatusCode: fallen}
			}
		}()
		return serve(ctx, e, log), nil
	}
}

// logPanic writes what went wrong and where. A panic's value is text of the runtime or the
// program, never of a client.
func logPanic(ctx context.Context, log *slog.Logger, p any) {
	log.ErrorContext(ctx, "panic", "reason", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// connection is whom the event is about.
func connection(e Event) stream.Connection {
	return stream.Connection{
		ID:          e.RequestContext.ConnectionID,
		ConnectedAt: time.UnixMilli(e.RequestContext.ConnectedAt).UTC(),
	}
}

// early is a context that ends Margin before the invocation is killed.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-Margin))
	}
	return context.WithCancel(ctx)
}

func ok() Response { return Response{StatusCode: http.StatusOK} }

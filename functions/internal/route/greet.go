package route

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/stream"
)

// Greeter posts greetings.
type Greeter interface {
	// Greet returns what it gave up, and why.
	Greet(ctx context.Context, g stream.Greeting) error
}

// Greet is the handler of the function that others invoke asynchronously with a greeting. It
// never fails: Lambda would invoke it again a minute later, out of order and twice.
func Greet(g Greeter, log *slog.Logger) func(context.Context, stream.Greeting) error {
	return func(ctx context.Context, greeting stream.Greeting) error {
		log := log.With("connection", greeting.Connection.ID, "request", requestID(ctx))
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, log, p)
			}
		}()
		ctx, cancel := early(ctx)
		defer cancel()
		if err := g.Greet(ctx, greeting); err != nil {
			logGivenUp(ctx, log, err)
		}
		return nil
	}
}

// logGivenUp is Info for a client that left, which is everyday, and Error for the rest.
func logGivenUp(ctx context.Context, log *slog.Logger, err error) {
	level := slog.LevelError
	if errors.Is(err, stream.ErrGone) {
		level = slog.LevelInfo
	}
	log.Log(ctx, level, "greeting not delivered", "reason", err.Error())
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

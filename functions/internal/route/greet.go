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

// errNotDelivered is all that Lambda is told; the reason is in the log.
var errNotDelivered = errors.New("greeting not delivered")

// Greet is the handler of the function that others invoke asynchronously with a greeting. It
// fails if the service is at fault, and not if the client left, so that Lambda can keep what was
// not delivered in the function's OnFailure destination. Lambda tries once more (MaximumRetryAttempts: 1), a
// minute later: too late to post anything, but it closes the connection of an instance that has died.
func Greet(g Greeter, log *slog.Logger) func(context.Context, stream.Greeting) error {
	return func(ctx context.Context, greeting stream.Greeting) (err error) {
		log := log.With("connection", greeting.Connection.ID, "request", requestID(ctx))
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, log, p)
				err = errNotDelivered
			}
		}()
		ctx, cancel := early(ctx)
		defer cancel()
		return givenUp(ctx, log, g.Greet(ctx, greeting))
	}
}

// givenUp logs Info for a client that left or whose token has run out, which is everyday, and Error for the rest.
func givenUp(ctx context.Context, log *slog.Logger, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stream.ErrGone), errors.Is(err, stream.ErrTooLate):
		log.InfoContext(ctx, "greeting not delivered", "reason", err.Error())
		return nil
	}
	log.ErrorContext(ctx, "greeting not delivered", "reason", err.Error())
	return errNotDelivered
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

package route

import (
	"context"
	"errors"
	"log/slog"

	"edgestream/functions/internal/stream"
)

// Replayer serves subscriptions from History.
type Replayer interface {
	// Run returns an error if the same replay must be run again.
	Run(ctx context.Context, r stream.Replay) error
}

// errNotReplayed is all that Lambda is told; the reason is in the log.
var errNotReplayed = errors.New("replay not finished")

// Replay is the handler of the function that others, and it itself, invoke asynchronously with a
// replay. It fails if the service is at fault, so that Lambda tries again: what has been posted
// comes again with the ids that it had.
//
// A context that ends Margin early, as other handlers get, it does not need: a replay ends by
// itself before its time is up.
func Replay(r Replayer, log *slog.Logger) func(context.Context, stream.Replay) error {
	return func(ctx context.Context, replay stream.Replay) (err error) {
		log := log.With("connection", replay.Connection.ID, "request", requestID(ctx))
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, log, p)
				err = errNotReplayed
			}
		}()
		if err := r.Run(ctx, replay); err != nil {
			log.ErrorContext(ctx, "replay not finished", "stream", string(replay.Subscription.Stream),
				"account", replay.Account, "reason", err.Error())
			return errNotReplayed
		}
		return nil
	}
}

package mastodon

import (
	"context"
	"log/slog"

	"edgestream/functions/internal/stream"
)

// logRefusal writes the operator's line of a refused request: Info if the client is at fault,
// Error if the service is. Only a stream's name is written of what the client sent.
func logRefusal(ctx context.Context, log *slog.Logger, what string, req Request, account string, err error) {
	level := slog.LevelInfo
	if RefusalOf(err).Own() {
		level = slog.LevelError
	}
	log.Log(ctx, level, what, "stream", streamForLog(req.Stream), "account", account, "reason", err.Error())
}

// streamForLog keeps a hostile name short.
func streamForLog(name string) string {
	if stream.Name(name).Known() || len(name) <= 40 {
		return name
	}
	return name[:40] + "…"
}

package pusher

import (
	"context"
	"errors"
	"log/slog"

	"edgestream/functions/internal/stream"
)

// answer posts the frames.
func (c *call) answer(ctx context.Context, frames ...[]byte) {
	if len(frames) == 0 {
		return
	}
	greeting := stream.Greeting{Connection: c.in.Connection}
	for _, frame := range frames {
		greeting.Frames = append(greeting.Frames, string(frame))
	}
	if err := c.Greeter.Greet(ctx, greeting); err != nil && !errors.Is(err, stream.ErrGone) {
		c.log.ErrorContext(ctx, "answer not delivered", c.about(err)...)
	}
}

// refuse writes the operator's line of a message that was refused (Info: the client is at fault) or
// failed, and tells the client. A connection that is none of an app is told nothing.
func (c *call) refuse(ctx context.Context, err error) {
	if errors.Is(err, stream.ErrNoConnection) {
		c.log.InfoContext(ctx, "message ignored", c.about(err)...)
		return
	}
	refused, level := refusalOf(err), slog.LevelInfo
	if refused.own() {
		level = slog.LevelError
	}
	c.log.Log(ctx, level, "message refused", c.about(err)...)
	if c.event == eventSubscribe && c.channel != "" && !errors.Is(err, ErrSubscribed) {
		c.answer(ctx, refused.subscriptionFrame(c.channel))
		return
	}
	c.answer(ctx, refused.errorFrame())
}

// about is what a line of the log says besides connection and request. Of what the client sent only
// the channel is written.
func (c *call) about(err error) []any {
	kind := c.event
	if c.handler() == nil {
		kind = ""
	} else if len(kind) > len(clientPrefix) && kind[:len(clientPrefix)] == clientPrefix {
		kind = clientPrefix
	}
	return []any{"event", kind, "app", c.session.App, "channel", short(string(c.channel)), "reason", err.Error()}
}

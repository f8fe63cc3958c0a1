package replay

import (
	"context"
	"errors"

	"edgestream/functions/internal/stream"
)

// show posts the message as the account is to see it.
func (s *serving) show(ctx context.Context, m stream.Message, id string) error {
	type shown struct {
		stream.Message
		ok bool
	}
	seen, err := again(ctx, s.Replayer, func() (shown, error) {
		m, ok, err := s.Render(ctx, s.listener, m)
		return shown{m, ok}, err
	})
	if err != nil || !seen.ok {
		return err
	}
	return s.post(ctx, seen.Message, id)
}

// post posts the message, and decides what becomes of one that is not accepted.
func (s *serving) post(ctx context.Context, m stream.Message, id string) error {
	switch {
	case ctx.Err() != nil:
		return errTime
	case !s.listener.Until.IsZero() && !s.now().Before(s.listener.Until):
		return errEnded
	}
	frame := s.Encode(s.listener.Subscription, m, id)
	if frame == nil {
		return nil
	}
	// The greeter may take the time that is kept for it.
	ctx = context.WithoutCancel(ctx)
	err := s.Greeter.Greet(ctx, stream.Greeting{
		Connection: s.listener.Connection, Frames: []string{string(frame)}, Until: s.listener.Until,
	})
	switch {
	case err == nil, errors.Is(err, stream.ErrTooLarge):
		s.moved = true
		return nil
	case errors.Is(err, stream.ErrTooLate):
		return errEnded
	case errors.Is(err, stream.ErrGone):
		return s.forget(ctx)
	case errors.Is(err, stream.ErrThrottled), errors.Is(err, stream.ErrUnavailable):
		return s.tooSlow(ctx, err)
	}
	return err
}

// forget ends the subscription of a connection that is gone.
func (s *serving) forget(ctx context.Context) error {
	if err := s.Directory.Forget(ctx, s.listener); err != nil {
		return err
	}
	return errEnded
}

// tooSlow closes a connection that has taken no frame for as long as the greeter tries, so that
// its client comes back. If not even that can be done, it is the transport.
func (s *serving) tooSlow(ctx context.Context, reason error) error {
	if s.disconnect(ctx, s.what.Connection.ID) != nil {
		return reason
	}
	return errEnded
}

package channeldb

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Open implements pusher.Connections.
func (c *Channels) Open(ctx context.Context, s stream.Session) error { return c.rows.Open(ctx, s, nil) }

// Session implements pusher.Connections.
func (c *Channels) Session(ctx context.Context, connection stream.Connection) (pusher.Session, error) {
	return c.rows.AppSession(ctx, connection)
}

// Subscribe implements pusher.Connections. It decides on the connection's row, takes the place, and
// looks at the row again: whoever has ended the subscription meanwhile may have freed the place
// before it was taken. A subscription that is there already has its place taken once more, which changes
// nothing unless who made it died in between: else its client could never subscribe.
func (c *Channels) Subscribe(ctx context.Context, s pusher.Session, channel pusher.Channel, as pusher.Subscriber, at time.Time) (occupied bool, err error) {
	made, err := c.rows.Claim(ctx, s.Connection, channel, as, at)
	before, is := s.Channels[string(channel)]
	switch is = is && errors.Is(err, pusher.ErrSubscribed); {
	case is:
		as = before
	case err != nil || made.IsZero():
		return false, err
	}
	if channel.Presence() {
		if watching := c.watch(ctx, s.Session, at); watching != nil {
			return false, errors.Join(err, watching)
		}
	}
	occupied, settling := c.settle(ctx, s.Session, channel, as, made)
	if is && !errors.Is(settling, pusher.ErrFull) {
		return occupied, errors.Join(err, settling)
	}
	return occupied, settling
}

// settle takes the place of a subscription that was made at that time. It may be done again.
func (c *Channels) settle(ctx context.Context, s stream.Session, channel pusher.Channel, as pusher.Subscriber, made time.Time) (occupied bool, err error) {
	if err := c.place(s, channel).take(ctx, as, made); err != nil {
		if errors.Is(err, pusher.ErrFull) {
			err = errors.Join(err, c.rows.Disclaim(ctx, s.Connection, channel, made))
		}
		return false, err
	}
	stands, err := c.confirm(ctx, s, channel, as, made)
	if err != nil || !stands {
		return false, err
	}
	return c.occupy(ctx, s.App, string(channel))
}

// confirm reports whether a subscription stands whose place was taken, and frees the place if not. One
// that is another message's by now is given its place first: whoever decided that may have died before it
// did, and its client would be subscribed and hear nothing.
func (c *Channels) confirm(ctx context.Context, s stream.Session, channel pusher.Channel, as pusher.Subscriber, made time.Time) (bool, error) {
	who, now, err := c.rows.Claimed(ctx, s.Connection, channel)
	if err != nil || now.Equal(made) {
		return err == nil, err
	}
	anew := now.After(made)
	if anew {
		if err := c.place(s, channel).take(ctx, who, now); err != nil {
			return false, err
		}
	}
	if _, err := c.place(s, channel).free(ctx, as, made.Add(time.Millisecond)); err != nil || !anew {
		return false, err
	}
	return c.confirm(ctx, s, channel, who, now)
}

// Unsubscribe implements pusher.Connections.
func (c *Channels) Unsubscribe(ctx context.Context, s pusher.Session, channel pusher.Channel, at time.Time) (empty bool, err error) {
	as, ended, made, err := c.rows.Release(ctx, s.Connection, channel, at)
	switch {
	case err != nil:
		return false, err
	case ended:
		return c.place(s.Session, channel).free(ctx, as, time.UnixMilli(at.UnixMilli()))
	case made.IsZero():
		return false, nil
	}
	// The place is now that of the later message: the publisher sees it taken anew, and who has made the
	// subscription before, and finds it gone, does not free it.
	if err := c.place(s.Session, channel).take(ctx, as, made); err != nil {
		return false, err
	}
	if _, err := c.confirm(ctx, s.Session, channel, as, made); err != nil {
		return false, err
	}
	return false, pusher.ErrOvertaken
}

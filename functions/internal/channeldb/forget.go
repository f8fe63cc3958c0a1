package channeldb

import (
	"context"
	"slices"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Members implements publish.Members: it has those told whom it concerns when a connection turns out
// to be gone.
type Members struct {
	*Channels
	Departure pusher.Departure
}

// Forget removes the connection of a listener that turned out to be gone, with everything that it
// holds, and the listener's own subscription also if the connection's row does not know it. What names
// the listener goes last: until all is done, the next event finds it again.
func (m Members) Forget(ctx context.Context, l stream.Listener) error {
	left, err := m.Departure.Remove(ctx, l.Connection)
	if err != nil || l.Stream == stream.Channel && slices.Contains(left.Channels, l.Param) {
		return err
	}
	s := stream.Session{Connection: l.Connection, App: l.App}
	if l.Stream == stream.Channel {
		left, err := m.freeUnknown(ctx, s, pusher.Channel(l.Param))
		if err != nil {
			return err
		}
		if err := m.Departure.Tell(ctx, left); err != nil {
			return err
		}
	}
	return m.Left(ctx, []stream.Membership{{Session: s, Subscription: l.Subscription}})
}

// freeUnknown frees the place of a connection of which nothing else is known, but for its mapping.
func (c *Channels) freeUnknown(ctx context.Context, s stream.Session, channel pusher.Channel) (pusher.Closed, error) {
	left := pusher.Closed{App: s.App, Channels: []string{string(channel)}}
	var empty bool
	var err error
	switch user, ok := channel.User(); {
	case ok:
		if err = c.signOut(ctx, s, pusher.User{ID: user}); err != nil {
			return left, err
		}
		fallthrough
	case !channel.Joins():
		n := 0
		n, err = c.rows.CountMappings(ctx, stream.ChannelTopic(s.App, string(channel)), 2)
		empty = n < 2 // its own may be the one
	case channel.Presence():
		empty, err = c.leaveWhoever(ctx, s, channel)
	default:
		empty, err = c.place(s, channel).free(ctx, pusher.Subscriber{}, ever)
	}
	if empty {
		left.Empty = left.Channels
	}
	return left, err
}

// leaveWhoever takes the connection's seat on a roster, as whoever it sits there.
func (c *Channels) leaveWhoever(ctx context.Context, s stream.Session, channel pusher.Channel) (empty bool, err error) {
	r := rosterOf(s.App, string(channel))
	row, err := c.read(ctx, r)
	if err != nil {
		return false, err
	}
	empty = row == nil
	for _, user := range usersIn(row) {
		if connectionsIn(row, user).Get(stream.ConnectionKey(s.Connection)).Given() {
			if empty, err = c.leave(ctx, r, user, s.Connection, ever); err != nil {
				return false, err
			}
		}
	}
	return empty, nil
}

package pusher

import (
	"context"
	"errors"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
)

// subscribe makes the connection a subscriber. Of a channel that Joins the publisher tells the client.
func (c *call) subscribe(ctx context.Context) (outcome, error) {
	r := c.request()
	c.channel = r.channel
	if err := c.load(ctx); err != nil {
		return outcome{}, err
	}
	if err := c.Limits.CheckChannel(string(c.channel)); err != nil {
		return outcome{}, told(err, "Invalid channel name: "+short(string(c.channel)))
	}
	as, err := c.authorise(r)
	if err != nil {
		return outcome{}, err
	}
	occupied, err := c.Connections.Subscribe(ctx, c.session, c.channel, as, c.in.At)
	since := time.Now()
	if errors.Is(err, ErrSubscribed) {
		if occupied {
			err = errors.Join(err, c.Hooks.Occupied(ctx, c.app.ID, string(c.channel), since))
		}
		return outcome{}, told(err, "Existing subscription to channel "+string(c.channel))
	}
	if err != nil {
		c.undo(ctx, err)
		return outcome{}, err
	}
	return outcome{c.succeeded(), func(ctx context.Context) ([][]byte, error) {
		var hook error
		if occupied {
			hook = c.Hooks.Occupied(ctx, c.app.ID, string(c.channel), since)
		}
		return nil, errors.Join(hook, count(ctx, c.Apps, c.Events, c.app.ID, []string{string(c.channel)}))
	}}, nil
}

// undoTime is how long undoing a subscription may take, whatever became of the context: less than is
// kept for the answer.
const undoTime = 500 * time.Millisecond

// undo takes back what a subscription has left that failed by no fault of the client: it is told so,
// and its next attempt must not find that it is subscribed already. Subscribe wins ties, so what undoes
// it is a millisecond younger.
func (c *call) undo(ctx context.Context, reason error) {
	if !refusalOf(reason).own() || errors.Is(reason, stream.ErrNoConnection) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if _, err := c.Connections.Unsubscribe(ctx, c.session, c.channel, c.in.At.Add(time.Millisecond)); err != nil {
		c.log.ErrorContext(ctx, "subscription not undone", c.about(err)...)
	}
}

// succeeded is the answer of whoever keeps the subscription.
func (c *call) succeeded() [][]byte {
	if c.channel.Joins() {
		return nil
	}
	return [][]byte{subscribedFrame(c.channel)}
}

// authorise says who the subscriber is, if it may be one.
func (c *call) authorise(r request) (Subscriber, error) {
	if user, ok := r.channel.User(); ok {
		if user != c.session.User.ID {
			return Subscriber{}, told(ErrSignature, "Not signed in as the user of channel "+string(r.channel))
		}
		return Subscriber{}, nil
	}
	if !r.channel.Private() {
		return Subscriber{}, nil
	}
	text := ChannelText(c.in.SocketID(), string(r.channel), r.channelData...)
	err := c.app.authorised(text, r.auth, "Auth info required to subscribe to "+string(r.channel))
	if err != nil || !r.channel.Presence() {
		return Subscriber{}, err
	}
	if user := c.session.User; r.channelData == nil && user.ID != "" {
		return Subscriber{User: user.ID, Info: user.Info}, nil
	}
	return subscriberOf(slices.Concat(r.channelData, []string{""})[0])
}

// unsubscribe needs no right, and has no answer. What is no channel's name cannot have been subscribed.
func (c *call) unsubscribe(ctx context.Context) (outcome, error) {
	c.channel = c.request().channel
	if c.Limits.CheckChannel(string(c.channel)) != nil {
		return outcome{}, nil
	}
	var err error
	if c.session, err = c.Connections.Session(ctx, c.in.Connection); err != nil {
		return outcome{}, err
	}
	empty, err := c.Connections.Unsubscribe(ctx, c.session, c.channel, c.in.At)
	if errors.Is(err, ErrOvertaken) {
		return outcome{frames: c.succeeded()}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{then: func(ctx context.Context) ([][]byte, error) { return nil, c.left(ctx, empty) }}, nil
}

// left has those told who want to hear that a subscription has ended.
func (c *call) left(ctx context.Context, empty bool) error {
	var hook error
	if empty {
		hook = c.Hooks.Vacating(ctx, c.session.App, string(c.channel))
	}
	if _, was := c.session.Channels[string(c.channel)]; !was {
		return hook
	}
	return errors.Join(hook, count(ctx, c.Apps, c.Events, c.session.App, []string{string(c.channel)}))
}

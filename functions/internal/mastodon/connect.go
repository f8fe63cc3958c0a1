package mastodon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"edgestream/functions/internal/stream"
)

// Tokens knows what a token allows.
type Tokens interface {
	// Grant is what the token allows. ErrInvalidToken, wrapped with the reason: nothing.
	Grant(ctx context.Context, token string) (stream.Grant, error)
}

// Opener admits and removes connections.
type Opener interface {
	// Open stores the session and what it is subscribed to at once.
	// ErrTooManyConnections: the account has as many as it may, and nothing was stored.
	Open(ctx context.Context, s stream.Session, first []stream.Subscription) error
	// Confirm is nil if what Open stored still stands; its mappings are young again then. ErrInvalidToken: the token was revoked
	// meanwhile, and nothing is left.
	Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error
	// Close removes what Open stored; nil if there is nothing.
	Close(ctx context.Context, c stream.Connection) error
}

// Greeter posts frames, or has them posted.
type Greeter interface {
	Greet(ctx context.Context, g stream.Greeting) error
}

// Handshake is a client that asks to be connected.
type Handshake struct {
	stream.Connection
	Credentials
	// Params name the stream to subscribe to at once; none if its Stream is empty.
	Params
	// EventIDs says that the client wants ids, see stream.Session.
	EventIDs bool
}

// Connect admits clients. All fields are needed.
type Connect struct {
	Tokens      Tokens
	Authoriser  Authoriser
	Connections Opener
	Recheck     Recheck
	Resume      Resume
	// Greeter must not wait for its frames to be posted: the socket opens only after Connect
	// has returned.
	Greeter Greeter
}

// slow is how long admitting a client may take until it is looked at once more whether it still is
// admitted. Whoever revokes its token waits some seconds for the socket to open, to close it; after
// that nobody would.
const slow = 2 * time.Second

// Connect admits the client if its token is valid, whatever its scopes, and subscribes it. What
// RefusalOf makes of an error is the status of a refused upgrade. A stream that it may not
// listen to is no error: the socket opens, and the greeter is given the frame that says so.
func (c Connect) Connect(ctx context.Context, h Handshake, log *slog.Logger) error {
	began := time.Now()
	token, err := h.Token()
	if err != nil {
		return err
	}
	grant, err := c.Tokens.Grant(ctx, token)
	if err != nil {
		return err
	}
	session := stream.Session{Connection: h.Connection, Grant: grant, EventIDs: h.EventIDs}
	first, refused := c.first(ctx, session, h.Params)
	if err := c.Connections.Open(ctx, session, first.subscriptions); err != nil {
		return err
	}
	if refused == nil {
		refused = c.recheck(ctx, session, first)
	}
	if refused != nil {
		logRefusal(ctx, log, "subscription refused", Request{Params: h.Params}, grant.Account, refused)
		err = c.tell(ctx, h.Connection, RefusalOf(refused).Frame())
	} else {
		err = c.replay(ctx, h.Connection, first.replays)
	}
	if err == nil && time.Since(began) >= slow {
		err = c.confirm(ctx, session, first)
	}
	return err
}

// confirm turns a client away that is not admitted any more, or of which that cannot be found out.
func (c Connect) confirm(ctx context.Context, s stream.Session, first opening) error {
	err := c.Connections.Confirm(ctx, s, first.subscriptions)
	if err != nil && !errors.Is(err, stream.ErrInvalidToken) {
		return c.turnAway(ctx, s.Connection, err)
	}
	return err
}

// opening is what a connection begins with: nothing, or one subscription.
type opening struct {
	subscriptions []stream.Subscription
	// replays are those of the subscriptions, if the client wants ids.
	replays []stream.Replay
}

// first is the subscription of the URL, if there is one, or why it is refused.
func (c Connect) first(ctx context.Context, s stream.Session, p Params) (opening, error) {
	if p.Stream == "" {
		return opening{}, nil
	}
	sub, err := c.Authoriser.Authorise(ctx, s.Grant, p)
	if err != nil {
		return opening{}, err
	}
	first := opening{subscriptions: []stream.Subscription{sub}}
	if !s.EventIDs {
		return first, nil
	}
	replay, err := c.Resume.from(ctx, s, sub, s.ConnectedAt, p.LastEventID)
	if err != nil {
		return opening{}, err
	}
	first.replays = []stream.Replay{replay}
	return first, nil
}

func (c Connect) recheck(ctx context.Context, s stream.Session, first opening) error {
	for _, sub := range first.subscriptions {
		if err := c.Recheck.written(ctx, s, sub, s.ConnectedAt); err != nil {
			return err
		}
	}
	return nil
}

// replay has what was subscribed served from History. A client whose replay nobody begins would
// wait for ever, so it is turned away.
func (c Connect) replay(ctx context.Context, conn stream.Connection, replays []stream.Replay) error {
	for _, r := range replays {
		if err := c.Resume.Replayer.Replay(ctx, r); err != nil {
			return c.turnAway(ctx, conn, err)
		}
	}
	return nil
}

// tell hands the frame to the greeter. A client that could not be told would wait for a stream
// that never comes, so it is rather turned away.
func (c Connect) tell(ctx context.Context, conn stream.Connection, frame []byte) error {
	err := c.Greeter.Greet(ctx, stream.Greeting{Connection: conn, Frames: []string{string(frame)}})
	if err != nil {
		return c.turnAway(ctx, conn, err)
	}
	return nil
}

// turnAway leaves nothing behind of a connection that is refused for the reason given.
func (c Connect) turnAway(ctx context.Context, conn stream.Connection, reason error) error {
	if err := c.Connections.Close(ctx, conn); err != nil {
		return err
	}
	return reason
}

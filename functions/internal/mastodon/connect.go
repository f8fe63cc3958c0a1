package mastodon

import (
	"context"
	"log/slog"

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
}

// Connect admits clients. All fields are needed.
type Connect struct {
	Tokens      Tokens
	Authoriser  Authoriser
	Connections Opener
	// Greeter must not wait for its frames to be posted: the socket opens only after Connect
	// has returned.
	Greeter Greeter
}

// Connect admits the client if its token is valid, whatever its scopes, and subscribes it. What
// RefusalOf makes of an error is the status of a refused upgrade. A stream that it may not
// listen to is no error: the socket opens, and the greeter is given the frame that says so.
func (c Connect) Connect(ctx context.Context, h Handshake, log *slog.Logger) error {
	token, err := h.Token()
	if err != nil {
		return err
	}
	grant, err := c.Tokens.Grant(ctx, token)
	if err != nil {
		return err
	}
	session := stream.Session{Connection: h.Connection, Grant: grant}
	first, refused := c.first(ctx, grant, h.Params)
	if err := c.Connections.Open(ctx, session, first); err != nil {
		return err
	}
	if refused == nil {
		return nil
	}
	logRefusal(ctx, log, "subscription refused", Request{Params: h.Params}, grant.Account, refused)
	return c.tell(ctx, h.Connection, RefusalOf(refused).Frame())
}

// first is the subscription of the URL, if there is one, or why it is refused.
func (c Connect) first(ctx context.Context, g stream.Grant, p Params) ([]stream.Subscription, error) {
	if p.Stream == "" {
		return nil, nil
	}
	sub, err := c.Authoriser.Authorise(ctx, g, p)
	if err != nil {
		return nil, err
	}
	return []stream.Subscription{sub}, nil
}

// tell hands the frame to the greeter. A client that could not be told would wait for a stream
// that never comes, so it is rather turned away, and leaves nothing behind.
func (c Connect) tell(ctx context.Context, conn stream.Connection, frame []byte) error {
	err := c.Greeter.Greet(ctx, stream.Greeting{Connection: conn, Frames: []string{string(frame)}})
	if err == nil {
		return nil
	}
	if closing := c.Connections.Close(ctx, conn); closing != nil {
		return closing
	}
	return err
}

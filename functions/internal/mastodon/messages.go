package mastodon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"edgestream/functions/internal/stream"
)

// Sessions knows who is connected.
type Sessions interface {
	// Session is what Connect stored. ErrNoConnection: the connection is not known (any more).
	Session(ctx context.Context, c stream.Connection) (stream.Session, error)
}

// Subscriptions keeps what connections listen to. Messages of one connection come in any order:
// at is the message's own time, and only what is newer than the last change counts.
type Subscriptions interface {
	// Subscribe says whether the subscription begins: not if it is subscribed already, and not if
	// the message was overtaken. With s.EventIDs it begins as one that is being replayed.
	// ErrTooManySubscriptions, ErrNoConnection.
	Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) (begun bool, err error)
	// Unsubscribe is nil too for what is not subscribed.
	Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error
}

// Incoming is a text frame of a client.
type Incoming struct {
	stream.Connection
	// At is when the frame came in, in whole milliseconds.
	At   time.Time
	Body string
}

// Messages handles what clients send. All fields are needed.
type Messages struct {
	Sessions      Sessions
	Subscriptions Subscriptions
	Authoriser    Authoriser
	Recheck       Recheck
	Resume        Resume
	// Greeter posts the answers; the connection is open.
	Greeter Greeter
	// MaxBytes is how long a message may be.
	MaxBytes int
	// Margin is the part of the context's time that is kept for the answer: storage that has
	// not answered by then has failed.
	Margin time.Duration
}

// Receive handles one message and answers it if it must. A subscription holds when Receive
// returns. There is no error to return: whatever fails is told to the client and logged. A connection
// of an app speaks another protocol and is ignored.
func (m Messages) Receive(ctx context.Context, in Incoming, log *slog.Logger) {
	if len(in.Body) > m.MaxBytes {
		m.answer(ctx, in, Request{}, "", errMessageTooLarge, log)
		return
	}
	req, ok := Parse(in.Body)
	if !ok {
		return
	}
	account, err := m.apply(ctx, in, req)
	if err != nil {
		m.answer(ctx, in, req, account, err, log)
	}
}

// apply does what the message asks for, and says whose connection it was as far as it is known.
func (m Messages) apply(ctx context.Context, in Incoming, req Request) (account string, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-m.Margin))
		defer cancel()
	}
	if req.Unsubscribe {
		return m.unsubscribe(ctx, in, req.Params)
	}
	s, err := m.Sessions.Session(ctx, in.Connection)
	if err != nil || s.App != "" {
		return "", err
	}
	return s.Account, m.subscribe(ctx, s, in.At, req.Params)
}

func (m Messages) subscribe(ctx context.Context, s stream.Session, at time.Time, p Params) error {
	if s.Expired(time.Now()) {
		return fmt.Errorf("%w: expired", stream.ErrInvalidToken)
	}
	sub, err := m.Authoriser.Authorise(ctx, s.Grant, p)
	if err != nil {
		return err
	}
	var replay stream.Replay
	if s.EventIDs {
		if replay, err = m.Resume.from(ctx, s, sub, at, p.LastEventID); err != nil {
			return err
		}
	}
	begun, err := m.Subscriptions.Subscribe(ctx, s, sub, at)
	if err != nil {
		return err
	}
	if err := m.Recheck.written(ctx, s, sub, at); err != nil || !begun || !s.EventIDs {
		return err
	}
	if err := m.Resume.Replayer.Replay(ctx, replay); err != nil {
		return m.Recheck.undo(ctx, s, sub, at, err)
	}
	return nil
}

// unsubscribe needs no right: whoever may not listen any more may still stop. What is too long
// to have been subscribed, and a connection that is not known, hold nothing to stop.
func (m Messages) unsubscribe(ctx context.Context, in Incoming, p Params) (account string, err error) {
	sub, err := m.Authoriser.named(p)
	if errors.Is(err, stream.ErrTooLong) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s, err := m.Sessions.Session(ctx, in.Connection)
	if errors.Is(err, stream.ErrNoConnection) {
		return "", nil
	}
	if err != nil || s.App != "" {
		return "", err
	}
	return s.Account, m.Subscriptions.Unsubscribe(ctx, s, sub, in.At)
}

// answer posts the error frame.
func (m Messages) answer(ctx context.Context, in Incoming, req Request, account string, err error, log *slog.Logger) {
	frame, what := RefusalOf(err).Frame(), "subscribe refused"
	if req.Unsubscribe {
		frame, what = unsubscribeFrame(), "unsubscribe refused"
	}
	logRefusal(ctx, log, what, req, account, err)
	posting := m.Greeter.Greet(ctx, stream.Greeting{
		Connection: in.Connection, Frames: []string{string(frame)},
		Close: errors.Is(err, stream.ErrNoConnection), // it hears nothing, until it comes back
	})
	if posting != nil && !errors.Is(posting, stream.ErrGone) {
		log.ErrorContext(ctx, "answer not delivered", "account", account, "reason", posting.Error())
	}
}

package enforce

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
)

// opensWithin is how long after ConnectedAt a connection may still become open: the 29 s that API
// Gateway gives the function of $connect, and a margin. Until then "gone" may mean "not yet".
const opensWithin = 40 * time.Second

// close closes what is open with a token, or of an account, and logs one line if anything was.
func (e *Enforcer) close(ctx context.Context, o Close) (closed int, err error) {
	open, err := e.Directory.Revoke(ctx, o.Account, o.Token)
	if err != nil {
		return 0, err
	}
	err = errors.Join(e.endReaders(ctx, open.Readers), e.closeAll(ctx, o.Account, open.Connections))
	if n, m := len(open.Connections), len(open.Readers); err == nil && n+m > 0 {
		e.Log.InfoContext(ctx, "closed", "account", o.Account, "reason", o.Reason, "connections", n, "readers", m)
	}
	return len(open.Connections) + len(open.Readers), err
}

func (e *Enforcer) endReaders(ctx context.Context, readers []stream.Reader) error {
	errs := make([]error, len(readers))
	for i, r := range readers {
		errs[i] = e.Logs.Control(ctx, r.Log, ControlClose, r.ID)
	}
	return errors.Join(errs...)
}

// closeApp closes the connections of an app. What they hold is removed by $disconnect, or by the sweep:
// nothing reaches them any more, since nobody publishes for an app that is off.
func (e *Enforcer) closeApp(ctx context.Context, o CloseApp) (closed int, err error) {
	open, err := e.Directory.AppConnections(ctx, o.App)
	if err != nil {
		return 0, err
	}
	err = e.each(open, func(c stream.Connection) error {
		err := e.insist(ctx, c, e.Poster.Disconnect(ctx, c.ID))
		if errors.Is(err, stream.ErrGone) {
			return nil
		}
		return err
	})
	if err == nil && len(open) > 0 {
		e.Log.InfoContext(ctx, "closed", "app", o.App, "reason", o.Reason, "connections", len(open))
	}
	return len(open), err
}

func (e *Enforcer) closeAll(ctx context.Context, account string, connections []stream.Connection) error {
	return e.each(connections, func(c stream.Connection) error { return e.closeOne(ctx, account, c) })
}

// each closes connections side by side. No error keeps another one open.
func (e *Enforcer) each(connections []stream.Connection, closeOne func(stream.Connection) error) error {
	errs := make([]error, len(connections))
	var g errgroup.Group
	for i, c := range connections {
		e.calls <- struct{}{}
		g.Go(func() error {
			defer func() { <-e.calls }()
			errs[i] = closeOne(c)
			return nil
		})
	}
	_ = g.Wait() // what failed is in errs
	return errors.Join(errs...)
}

// closeOne closes a connection and removes its rows. A connection that does not become open in
// time has none when it does: it can neither get anything nor subscribe.
func (e *Enforcer) closeOne(ctx context.Context, account string, c stream.Connection) error {
	err := e.Poster.Disconnect(ctx, c.ID)
	if e.again(c, err) {
		if err := e.Directory.Silence(ctx, account, c); err != nil {
			return err
		}
		err = e.insist(ctx, c, err)
	}
	if err != nil && !errors.Is(err, stream.ErrGone) {
		return err
	}
	return e.Directory.Remove(ctx, account, c)
}

// again reports whether an answer may be another one a little later.
func (e *Enforcer) again(c stream.Connection, err error) bool {
	if errors.Is(err, stream.ErrGone) {
		return e.Now().Sub(c.ConnectedAt) < opensWithin
	}
	return errors.Is(err, stream.ErrThrottled) || errors.Is(err, stream.ErrUnavailable)
}

// insist tries until the connection is closed, or surely gone, or Patience is over, and returns
// the last answer.
func (e *Enforcer) insist(ctx context.Context, c stream.Connection, err error) error {
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	limit := 100 * time.Millisecond
	for e.again(c, err) {
		timer := time.NewTimer(10*time.Millisecond + e.Jitter(limit))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		next := e.Poster.Disconnect(ctx, c.ID)
		if ctx.Err() != nil && next != nil {
			return err // it was cut short, and says nothing new
		}
		err, limit = next, min(2*limit, time.Second)
	}
	return err
}

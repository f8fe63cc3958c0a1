package enforce

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Directory knows what is open.
type Directory interface {
	// Revoke refuses the token with this hash, or with none every token of the account, to
	// connections that are just being opened, and returns what is open with it. It is atomic:
	// what is not returned is refused.
	Revoke(ctx context.Context, account, token string) (Open, error)
	// Silence removes all that could bring an event to the connection. Revoke still returns it.
	Silence(ctx context.Context, account string, c stream.Connection) error
	// Remove removes everything that is stored of a connection. It may be gone already.
	Remove(ctx context.Context, account string, c stream.Connection) error
	// SetViewer gives the account's connections, and all that they hold, a viewer version.
	SetViewer(ctx context.Context, account, version string) error
	// Readers are the account's.
	Readers(ctx context.Context, account string) ([]stream.Reader, error)
	// AppConnections are the connections of an app. It reads all that are open, of every app.
	AppConnections(ctx context.Context, app string) ([]stream.Connection, error)
	// TakeList ends, as of now, the subscriptions to the list of all accounts but its owner. It
	// returns how many, and whether the list's log is kept, so that it may have readers.
	TakeList(ctx context.Context, list, owner string) (ended int, kept bool, err error)
}

// Open is what is open of an account. Of a reader, ID and Log are known.
type Open struct {
	Connections []stream.Connection
	Readers     []stream.Reader
}

// Poster is the transport. Its errors wrap stream.ErrGone, ErrThrottled or ErrUnavailable; any
// other error is a refusal.
type Poster interface {
	// Disconnect closes a connection.
	Disconnect(ctx context.Context, connectionID string) error
}

// Logs reaches the readers of logs.
type Logs interface {
	// Control appends a control entry to a topic's log. Readers act on it and never show it.
	Control(ctx context.Context, topic stream.Topic, event, payload string) error
}

// Content is the table whose changes are published.
type Content interface {
	// FiltersChanged has filters_changed said to the account, once for each record.
	FiltersChanged(ctx context.Context, account, record string) error
}

// The control entries that readers of logs act on.
const (
	// ControlClose ends one reader: its payload is the reader's id.
	ControlClose = "_close"
	// ControlViewer has the readers of an account look up what it filters: its payload is the
	// account's id.
	ControlViewer = "_viewer"
	// ControlList, in the log of a list, ends the readers of every other account than its owner's, and
	// tells later ones what is not theirs: its payload is a history.Move's.
	ControlList = history.ControlList
)

// Config is what an Enforcer is made of. The adapters are required; what is zero of the rest has
// the default given.
type Config struct {
	Directory Directory
	Poster    Poster
	Logs      Logs
	Content   Content
	// Log gets one line per order. Default: discarded.
	Log *slog.Logger
	// Observe gets what each batch came to. Default: nobody does.
	Observe func(Tally)
	// Calls is how many connections are closed side by side. Default 64.
	Calls int
	// Patience is how long the closing of one connection is tried. Default 5 s.
	Patience time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
}

// Enforcer carries out what changes of Accounts ask for. It is safe for concurrent use.
type Enforcer struct {
	Config
	calls chan struct{}
}

// New makes an Enforcer.
func New(c Config) *Enforcer {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Calls = cmp.Or(c.Calls, 64)
	c.Patience = cmp.Or(c.Patience, 5*time.Second)
	if c.Observe == nil {
		c.Observe = func(Tally) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.N[time.Duration]
	}
	return &Enforcer{Config: c, calls: make(chan struct{}, c.Calls)}
}

// rowsAtOnce is of how many rows the changes are carried out side by side.
const rowsAtOnce = 16

// Enforce carries out the changes, which are in the order of their stream, and returns the sequence
// numbers of those that must come again. Changes of one row wait for each other; rows do not.
//
// A record that cannot be read is logged and counts as done: it would hold up every revocation
// that comes after it.
func (e *Enforcer) Enforce(ctx context.Context, changes []Change) (failed []string) {
	var mu sync.Mutex
	var total Tally
	var g errgroup.Group
	g.SetLimit(rowsAtOnce)
	for _, row := range byRow(changes) {
		g.Go(func() error {
			var t Tally
			left := e.inTurn(ctx, row, &t)
			mu.Lock()
			defer mu.Unlock()
			total.add(t)
			for _, c := range left {
				failed = append(failed, c.Sequence)
			}
			return nil
		})
	}
	_ = g.Wait() // what failed is in failed
	total.Failed = len(failed)
	e.Observe(total)
	return failed
}

// byRow puts changes of one row together, in their order.
func byRow(changes []Change) (rows [][]Change) {
	index := map[string]int{}
	for _, c := range changes {
		i, known := index[c.Key]
		if !known {
			i = len(rows)
			index[c.Key] = i
			rows = append(rows, nil)
		}
		rows[i] = append(rows[i], c)
	}
	return rows
}

// inTurn carries out the changes of one row and returns those that are left once one has failed.
func (e *Enforcer) inTurn(ctx context.Context, changes []Change, t *Tally) (left []Change) {
	for i, c := range changes {
		if c.Problem != nil {
			e.Log.ErrorContext(ctx, "record not read", "sequence", c.Sequence, "reason", c.Problem.Error())
			continue
		}
		for _, order := range c.Orders(e.Now()) {
			closed, err := e.carryOut(ctx, order)
			if err != nil {
				e.Log.ErrorContext(ctx, "not enforced", "sequence", c.Sequence, "reason", err.Error())
				return changes[i:]
			}
			if closed > 0 {
				t.Closed += closed
				t.Latency = append(t.Latency, e.Now().Sub(c.At))
			}
		}
	}
	return nil
}

// carryOut returns how many connections and readers it has closed.
func (e *Enforcer) carryOut(ctx context.Context, order Order) (closed int, err error) {
	switch o := order.(type) {
	case Close:
		return e.close(ctx, o)
	case CloseApp:
		return e.closeApp(ctx, o)
	case View:
		return 0, e.view(ctx, o)
	case Tell:
		return 0, e.Content.FiltersChanged(ctx, o.Account, o.Record)
	case Take:
		return 0, e.takeList(ctx, o)
	}
	return 0, nil
}

func (e *Enforcer) view(ctx context.Context, o View) error {
	if err := e.Directory.SetViewer(ctx, o.Account, o.Version); err != nil {
		return err
	}
	readers, err := e.Directory.Readers(ctx, o.Account)
	told := map[stream.Topic]bool{}
	for _, r := range readers {
		if !told[r.Log] {
			told[r.Log] = true
			err = errors.Join(err, e.Logs.Control(ctx, r.Log, ControlViewer, o.Account))
		}
	}
	if err == nil {
		e.Log.InfoContext(ctx, "viewer changed", "account", o.Account, "readers", len(readers))
	}
	return err
}

func (e *Enforcer) takeList(ctx context.Context, o Take) error {
	ended, kept, err := e.Directory.TakeList(ctx, o.List, o.To)
	if err != nil {
		return err
	}
	if kept {
		err = e.Logs.Control(ctx, stream.ListTopic(o.List), ControlList, o.Payload())
	}
	if err == nil && (ended > 0 || kept) {
		e.Log.InfoContext(ctx, "list taken", "list", o.List, "owner", o.To, "subscriptions", ended)
	}
	return err
}

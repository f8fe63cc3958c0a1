package hook

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/pusher"
)

// Poster reaches receivers.
type Poster interface {
	// Post sends a body to a receiver. Nil: it was accepted. ErrReceiver: it cannot be sent to such a
	// URL, now or later.
	Post(ctx context.Context, url string, p Post) error
}

// Post is one request to a receiver.
type Post struct {
	// Key is the app's, and Signature that of the body with the app's secret, see pusher.Sign.
	Key, Signature string
	Body           []byte
}

// Reporter keeps what is given up, for an operator.
type Reporter interface {
	Report(ctx context.Context, record []byte, reason string) error
}

// Message is a task as the queue hands it out.
type Message struct{ ID, Text string }

// Config is what a Notifier is made of. The adapters are required; what is zero of the rest has the
// default given.
type Config struct {
	Apps       Apps
	Departures Departures
	Counter    Counter
	Queue      Queue
	Poster     Poster
	Reporter   Reporter
	// Log gets a line for each receiver that fails. Default: discarded.
	Log *slog.Logger
	// Observe is called once for each batch. Default: not at all.
	Observe func(Tally)
	// Calls is how many looks are taken side by side. Default 64.
	Calls int
	// Receivers is how many of them are served side by side: those that hang hold up the others only if
	// there are as many. Default 256.
	Receivers int
	// Timeout is how long a receiver may take to answer. Default 5 s.
	Timeout time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
}

// Tally counts what a batch was.
type Tally struct {
	// Looks were taken. Posts were made with Events that were accepted.
	Looks, Posts, Events int
	// Failed posts were not accepted. Of the tasks for one receiver that were in them, Repeated are
	// put back and Dropped given up. Rested were put back unposted.
	Failed, Repeated, Dropped, Rested int
	// Poison are messages that are no tasks.
	Poison int
}

// Notifier does what is on the queue. It is safe for concurrent use.
type Notifier struct {
	Config
	resting resting
}

// New makes a Notifier.
func New(c Config) *Notifier {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Calls, c.Receivers = cmp.Or(c.Calls, 64), cmp.Or(c.Receivers, 256)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	if c.Observe == nil {
		c.Observe = func(Tally) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.N[time.Duration]
	}
	return &Notifier{Config: c}
}

// batch is what a Notifier does with the messages of one call.
type batch struct {
	*Notifier
	mu     sync.Mutex
	tally  Tally
	failed map[string]bool
}

// Notify does the tasks, and returns the ids of the messages that must come again: those whose look,
// or whose putting back, failed. What no receiver accepted has been put back otherwise. Posting ends
// a few seconds before the context does, so that there is time to put back what is left.
func (n *Notifier) Notify(ctx context.Context, messages []Message) (failed []string) {
	b := &batch{Notifier: n, failed: map[string]bool{}}
	b.deliver(ctx, b.parcels(ctx, b.tasks(ctx, messages)))
	b.Observe(b.tally)
	for _, m := range messages {
		if b.failed[m.ID] {
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// held is a task of a message. Look says that it came of a look, which would not show the same again.
type held struct {
	Task
	message string
	look    bool
}

// tasks are the messages' tasks with events, those of looks among them.
func (b *batch) tasks(ctx context.Context, messages []Message) (tasks []held) {
	all := b.read(ctx, messages)
	each(b.Calls, all, func(h *held) {
		if len(h.Events) > 0 {
			return
		}
		if err := b.look(ctx, h); err != nil {
			b.fail(ctx, h.message, "look failed", err)
		}
	})
	for _, h := range all {
		if len(h.Events) > 0 {
			tasks = append(tasks, *h)
		}
	}
	return tasks
}

// read reads the messages, and returns their tasks in the order in which they were reported: so do those
// stand whose looks find something in one millisecond.
func (b *batch) read(ctx context.Context, messages []Message) (all []*held) {
	for _, m := range messages {
		t, err := ParseTask(m.Text)
		if err != nil {
			b.poison(ctx, m, err)
			continue
		}
		all = append(all, &held{Task: t, message: m.ID})
	}
	slices.SortStableFunc(all, func(x, y *held) int { return inOrder(x.Task, y.Task) })
	return all
}

// poison reports a message that is no task: it would come again and again.
func (b *batch) poison(ctx context.Context, m Message, reason error) {
	b.count(func(t *Tally) { t.Poison++ })
	b.Log.ErrorContext(ctx, "message not read", "message", m.ID, "reason", reason.Error())
	if err := b.Reporter.Report(ctx, []byte(m.Text), reason.Error()); err != nil {
		b.fail(ctx, m.ID, "message not reported", err)
	}
}

// fail has a message come again.
func (b *batch) fail(ctx context.Context, message, what string, err error) {
	b.Log.ErrorContext(ctx, what, "message", message, "reason", err.Error())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed[message] = true
}

func (b *batch) count(add func(*Tally)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	add(&b.tally)
}

// look takes the look that the task asks for. What it finds happened at the latest when it began: a
// channel that is occupied again is so after that.
func (b *batch) look(ctx context.Context, h *held) error {
	b.count(func(t *Tally) { t.Looks++ })
	var event Event
	var found bool
	var err error
	at := b.Now().UnixMilli()
	switch t := h.Task; {
	case t.Vacated != "":
		event = Event{Name: ChannelVacated, Channel: t.Vacated}
		found, err = b.Departures.Vacate(ctx, t.App, t.Vacated)
	case t.Left != nil:
		event = Event{Name: MemberRemoved, Channel: t.Left.Channel, User: t.Left.User}
		found, err = b.Departures.Depart(ctx, t.App, t.Left.Channel, t.Left.User)
	default:
		err = b.Counter.Counted(ctx, t.App, t.Count)
	}
	h.look, h.Task = true, Task{App: h.App, At: at}
	if found {
		h.Events = []Event{event}
	}
	return err
}

// parcels are the tasks by the apps and receivers that want them.
func (b *batch) parcels(ctx context.Context, tasks []held) (all []*delivery) {
	byApp := map[string][]held{}
	for _, t := range tasks {
		byApp[t.App] = append(byApp[t.App], t)
	}
	for id, tasks := range byApp {
		app, err := usable(ctx, b.Apps, id)
		if err != nil {
			b.unknown(ctx, tasks, err)
			continue
		}
		all = append(all, b.toReceivers(app, tasks)...)
	}
	return all
}

// unknown is for tasks whose app cannot be read. They come again; what a look has found is put on
// the queue for that.
func (b *batch) unknown(ctx context.Context, tasks []held, reason error) {
	for _, t := range tasks {
		if t.look && b.Queue.Put(ctx, Settle, t.Task) == nil {
			continue
		}
		b.fail(ctx, t.message, "app not read", reason)
	}
}

func (b *batch) toReceivers(app pusher.App, tasks []held) (all []*delivery) {
	for _, r := range receivers(app) {
		d := &delivery{batch: b, app: app, receiver: r}
		for _, t := range tasks {
			if t.Events = r.filter(t.Events); len(t.Events) > 0 && (t.URL == "" || t.URL == r.url) {
				t.URL = r.url
				d.tasks = append(d.tasks, t)
			}
		}
		if len(d.tasks) > 0 {
			all = append(all, d)
		}
	}
	return all
}

// each calls do for all, so many side by side.
func each[T any](limit int, all []T, do func(T)) {
	var g errgroup.Group
	g.SetLimit(limit)
	for _, one := range all {
		g.Go(func() error { do(one); return nil })
	}
	_ = g.Wait() // nothing fails
}

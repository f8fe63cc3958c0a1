package publish

import (
	"cmp"
	"context"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/viewer"
)

// Directory knows who listens.
type Directory interface {
	// Listeners returns who listens to each topic, as of a moment after the call began:
	// it is consistent, and knows every subscription that held before, and every topic that was
	// kept before. Topics with an empty audience may be absent. With an error, the topics that are
	// present were read completely.
	Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error)
	// Defer leaves what is in the logs by now to the replay of the listener's subscription, and
	// reports true if it does: then the replay reads them again before it ends. True too if the
	// subscription is gone. False: it has caught up and is live.
	Defer(ctx context.Context, l stream.Listener) (bool, error)
	// HandOver has all who look the listener up from now on find it Opened at that time, which is to
	// come, or a later one, if $connect made its subscription; nil too if that is gone.
	HandOver(ctx context.Context, l stream.Listener, until time.Time) error
	// Forget removes what is stored of the listener's connection, and of no other.
	Forget(ctx context.Context, l stream.Listener) error
}

// Recorder keeps the logs of topics.
type Recorder interface {
	// Append stores the entries in their order, those of one owner one after the other, and returns
	// each as its log has it: with its place, and as it was if its record had an entry there. An
	// entry that has an error may not be in its log, and neither are the later ones of its owner,
	// unless the error wraps history.ErrTooLarge: such an entry never can be.
	Append(ctx context.Context, entries []history.Entry) (stored []history.Entry, errs []error)
}

// Viewers knows what accounts filter.
type Viewers interface {
	// Get returns the viewers that are wanted. With an error, those in the map are known, and the
	// others are not.
	Get(ctx context.Context, wanted []viewer.Key) (map[viewer.Key]*viewer.Viewer, error)
}

// Poster is the transport. Its errors wrap stream.ErrGone, ErrTooLarge, ErrThrottled or
// ErrUnavailable; any other error is taken for a refusal that may pass, such as a missing permission.
type Poster interface {
	// Post sends one frame, which it must not change or keep.
	Post(ctx context.Context, connectionID string, frame []byte) error
	// Disconnect closes a connection.
	Disconnect(ctx context.Context, connectionID string) error
}

// Greeter posts frames to a connection that is not open yet, in the background.
type Greeter interface {
	// Greet returns once the greeting is accepted. A greeting never can be accepted if the
	// error wraps stream.ErrTooLarge.
	Greet(ctx context.Context, g stream.Greeting) error
}

// Reporter keeps records that could not be published, for an operator.
type Reporter interface {
	Report(ctx context.Context, record []byte, reason string) error
}

// Encoder makes the frame that the holder of a subscription gets; nil if a message is not for
// its protocol. The frame must depend on the subscription, the event, the payload and the user alone.
type Encoder func(stream.Subscription, stream.Message) []byte

// Config is what a Publisher is made of. The adapters, Encode and Identify are required; what is
// zero of the rest has the default given.
type Config struct {
	Directory Directory
	Recorder  Recorder
	Viewers   Viewers
	Poster    Poster
	Greeter   Greeter
	Reporter  Reporter
	Encode    Encoder
	// Members keeps the mappings of channels. Without it nothing is said on channels of apps. Without
	// Cache they keep no event, without Apps an item has no app but the one that it names, and without
	// Hooks nobody is told what happens.
	Members Members
	Cache   Cache
	Apps    Apps
	Hooks   Hooks
	// Queue and Slices take what has many listeners, or more than Crowd accounts. Without them everything
	// is posted at once. Pace bounds the posts of all who have it together.
	Queue  Queue
	Slices Slices
	Pace   Pace
	// Identify returns a frame with the id that its message has for one listener. It must not change
	// the frame that it is given, which others get too.
	Identify func(frame []byte, id string) []byte
	// Log gets one line per batch, one per record that is reported and one per connection that is
	// closed: no payloads. Default: discarded.
	Log *slog.Logger
	// Observe is called once at the end of each batch. Default: not at all.
	Observe func(Tally)

	// Posts is how many posts may be in flight. Default 256.
	Posts int
	// Crowd is how many accounts one change is published to at the most without the queue. Default 500.
	Crowd int
	// Reserved is how many posts are reserved at a time. Default 2,000.
	Reserved int
	// Page is how many listeners of a slice are read, and posted to, at a time. Default 2,000.
	Page int
	// Patience is how long one connection may fail within one batch. Default 5 s.
	Patience time.Duration
	// Appending is how long one batch may append to logs, so that time is left to post what needs
	// none while they cannot be written. Default 25 s.
	Appending time.Duration
	// Margin is how long before the context's deadline deliveries end, so that there is time to
	// say what was not delivered. Default 3 s.
	Margin time.Duration
	// Settled is how long the frames of a greeting may take that waits for no other: longer than a
	// connection may take to open. Default 6 s.
	Settled time.Duration
	// Remembered is how many deliveries of failed batches are remembered at least. Default 262,144,
	// at about 20 bytes each.
	Remembered int
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
	// Now is the clock that is compared with what others have written. Default: time.Now.
	Now func() time.Time
}

// Publisher publishes batches. It is safe for concurrent use; order holds within one batch, and
// between batches that come one after the other.
type Publisher struct {
	Config
	pace    *paced
	memory  *memory
	seed    maphash.Seed
	kept    kept
	counted counted

	mu        sync.Mutex
	handovers map[string]time.Time // until when greetings may be under way
}

// New makes a Publisher.
func New(c Config) *Publisher {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Posts = cmp.Or(c.Posts, 256)
	c.Crowd = cmp.Or(c.Crowd, 500)
	c.Reserved = cmp.Or(c.Reserved, 2000)
	c.Page = cmp.Or(c.Page, 2000)
	c.Patience = cmp.Or(c.Patience, 5*time.Second)
	c.Appending = cmp.Or(c.Appending, 25*time.Second)
	c.Margin = cmp.Or(c.Margin, 3*time.Second)
	c.Settled = cmp.Or(c.Settled, 6*time.Second)
	c.Remembered = cmp.Or(c.Remembered, 1<<18)
	if c.Observe == nil {
		c.Observe = func(Tally) {}
	}
	if c.Jitter == nil {
		c.Jitter = rand.N[time.Duration]
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	var pace *paced
	if c.Pace != nil {
		pace = newPaced(c.Poster, c.Pace, c.Reserved, c.Now)
		c.Poster = pace
	}
	return &Publisher{Config: c, pace: pace, memory: newMemory(c.Remembered), seed: maphash.MakeSeed(), handovers: map[string]time.Time{}}
}

// Publish delivers the changes, which are in the order of their stream, and returns the sequence
// numbers of those that must come again. It returns when nothing of the batch is under way.
//
// Each topic is looked up once, after the batch has arrived and its log has been written; one that
// turns out to be kept only then, twice. That is late enough: the query sees
// every subscription that held when it began, so also every one that held before any of the
// batch's records was written. It may see later ones too; a client that subscribes while an event
// is on its way may get it.
func (p *Publisher) Publish(ctx context.Context, changes []stream.Change) (failed []string) {
	b := p.plan(ctx, changes)
	b.reportPoison(ctx)
	b.resolve(ctx)
	asked := b.askOwners(ctx)
	b.cutDone()
	b.cutCrowds()
	found := b.logAndLookUp(ctx, sync.OnceFunc(func() { b.cutOpen(asked) }))
	b.prepare(ctx, found)
	b.sendParts(ctx, found)
	b.admit(found)
	b.postAll(ctx)
	b.conclude(ctx)
	if failed = b.again(); len(failed) > 0 {
		b.remember()
	}
	t := b.result(len(failed))
	p.log(ctx, t, b.cause.Load())
	p.Observe(t)
	return failed
}

// postAll makes the deliveries of all lanes.
func (b *batch) postAll(ctx context.Context) {
	b.watch(ctx)
	b.deliver(ctx)
	b.closeOwed(ctx) // before anything else: it comes too late after a while
}

// until is the context in which deliveries are made: it ends before the other does.
func (p *Publisher) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-p.Margin))
	}
	return context.WithCancel(ctx)
}

package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// crowd is a stack with very many listeners, in which nothing fails but what is over the quota: it shows
// how long events take.
type crowd struct {
	t      *testing.T
	mem    *connectiontest.Memory
	shards []chan stream.Change
	fifo   *fifo
	quota  *bucket
	pace   *steady
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	random  *rand.Rand
	written map[string]time.Time
	took    map[string][]time.Duration // by the kind of event
	posts   int
	refused int
	reads   int // requests for accounts
}

var crowded = flag.Int("listeners", 20_000, "how many listen to public in the tests of wide streams")

// limits are how many callbacks a second the account may make, how many of them are for wide streams, how
// many instances of deliver there are, how many parts each takes at a time, and how much of the pace they must use.
type limits struct {
	quota, pace, workers, batch int
	used                        float64
}

var (
	usual = limits{10_000, 5_000, 5, 6, 0.95}
	// raised is as functions/README.md has it for a million connections. With few listeners the beginning and
	// the end, when not all are at work, are much of the time.
	raised = limits{100_000, 50_000, 13, 1, 0.75}
)

func newCrowd(t *testing.T, listeners int, of limits) *crowd {
	c := &crowd{t: t, mem: connectiontest.NewMemory(connectiontest.Limits{Connections: 1 << 20, Subscriptions: 10}), random: rand.New(rand.NewPCG(1, 2)),
		written: map[string]time.Time{}, took: map[string][]time.Duration{}, fifo: newFIFO(), quota: &bucket{rate: float64(of.quota), burst: 5000},
		pace: &steady{every: time.Second / time.Duration(of.pace)}}
	for n := range listeners {
		c.open(fmt.Sprint("p", n), fmt.Sprint("reader", n), stream.Subscription{Stream: stream.Public})
	}
	time.Sleep(time.Minute) // none of them is young
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	for range 4 {
		shard := make(chan stream.Change, 10_000)
		c.shards = append(c.shards, shard)
		c.done.Go(func() { c.poll(ctx, c.publisher(nil), shard) })
	}
	for range of.workers {
		c.done.Go(func() { c.work(ctx, c.publisher(c.pace), of.batch) })
	}
	return c
}

func (c *crowd) end() {
	c.stop()
	c.done.Wait()
}

func (c *crowd) open(id, account string, sub stream.Subscription) {
	s := stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: time.Now()}, Grant: stream.Grant{Account: account}}
	if err := c.mem.Open(c.t.Context(), s, []stream.Subscription{sub}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *crowd) publisher(pace publish.Pace) *publish.Publisher {
	return publish.New(publish.Config{
		Directory: audience{c}, Recorder: nothing{}, Viewers: nobody{}, Poster: callbacks{c}, Greeter: nothing{}, Reporter: nothing{},
		Encode:   func(_ stream.Subscription, m stream.Message) []byte { return []byte(m.Event + " " + string(m.Payload)) },
		Identify: func(frame []byte, _ string) []byte { return frame },
		Queue:    c.fifo, Slices: slow{c.mem.CutFrom(500), c}, Pace: pace,
	})
}

// pause is how long a request takes that takes about so long.
func (c *crowd) pause(about time.Duration) {
	c.mu.Lock()
	d := about/2 + time.Duration(c.random.Int64N(int64(about)))
	c.mu.Unlock()
	time.Sleep(d)
}

// say writes something to Content.
func (c *crowd) say(kind, owner string, targets ...stream.Target) {
	c.mu.Lock()
	id := strconv.Itoa(len(c.written))
	c.written[id] = time.Now()
	c.mu.Unlock()
	item := &stream.Item{Owner: owner, ID: "broadcast#" + id, Kind: "broadcast", Event: kind, Topics: targets, Payload: []byte(id)}
	h := fnv.New32a()
	h.Write([]byte(owner))
	c.shards[h.Sum32()%uint32(len(c.shards))] <- stream.Change{EventID: "e" + id, Sequence: id, Owner: owner, At: time.Now(), New: item}
}

// poll is a shard's poller: it looks four times a second, and gives all that is there to one invocation.
func (c *crowd) poll(ctx context.Context, p *publish.Publisher, shard chan stream.Change) {
	for ctx.Err() == nil {
		var batch []stream.Change
		for len(batch) < 100 {
			select {
			case change := <-shard:
				batch = append(batch, change)
				continue
			default:
			}
			break
		}
		if len(batch) == 0 {
			time.Sleep(250 * time.Millisecond)
			continue
		}
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		if failed := p.Publish(limited, batch); len(failed) > 0 && ctx.Err() == nil {
			c.t.Errorf("failed: %v", failed)
		}
		cancel()
	}
}

// work is an instance of deliver.
func (c *crowd) work(ctx context.Context, p *publish.Publisher, atMost int) {
	for ctx.Err() == nil {
		parts := c.fifo.take(atMost)
		if len(parts) == 0 {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		c.fifo.give(parts, p.Deliver(limited, parts))
		cancel()
	}
}

// callbacks is the management API: it answers in 6 to 18 ms, and 429 over the account's quota.
type callbacks struct{ *crowd }

func (c callbacks) Post(_ context.Context, _ string, frame []byte) error {
	c.pause(12 * time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.quota.take() {
		c.refused++
		return fmt.Errorf("%w: over the quota", stream.ErrThrottled)
	}
	c.posts++
	var kind, id string
	_, _ = fmt.Sscan(string(frame), &kind, &id)
	c.took[kind] = append(c.took[kind], time.Since(c.written[id]))
	return nil
}

func (callbacks) Disconnect(context.Context, string) error {
	return errors.New("nobody is closed here")
}

// bucket is a quota with a burst.
type bucket struct {
	rate, burst float64
	level       float64
	at          time.Time
}

func (b *bucket) take() bool {
	now := time.Now()
	if b.at.IsZero() {
		b.level = b.burst
	} else {
		b.level = min(b.burst, b.level+now.Sub(b.at).Seconds()*b.rate)
	}
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// audience looks up who listens: 6 ms for each request, of which 16 are made side by side.
type audience struct{ *crowd }

func (a audience) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	found, accounts, others := map[stream.Topic]stream.Audience{}, 0, 0
	wide := a.mem.CutFrom(500)
	for _, t := range topics {
		if t.IsAccount() {
			accounts++
		} else {
			others++
		}
		who, err := wide.Audience(ctx, t)
		if err != nil {
			return nil, err
		}
		if len(who.Listeners)+len(who.Wide) > 0 {
			found[t] = who
		}
	}
	requests := (accounts+99)/100 + others
	a.mu.Lock()
	a.reads += (accounts + 99) / 100
	a.mu.Unlock()
	for range (requests + 15) / 16 {
		a.pause(6 * time.Millisecond)
	}
	return found, nil
}

func (audience) Defer(context.Context, stream.Listener) (bool, error)       { return false, nil }
func (audience) Forget(context.Context, stream.Listener) error              { return nil }
func (audience) HandOver(context.Context, stream.Listener, time.Time) error { return nil }

// slow is the store of what is under way: each request takes 5 ms, a page 15.
type slow struct {
	*connectiontest.MemoryWide
	c *crowd
}

func (s slow) Open(ctx context.Context, of stream.Segment, event string, slices []int) error {
	s.c.pause(5 * time.Millisecond)
	return s.MemoryWide.Open(ctx, of, event, slices)
}

func (s slow) Opened(ctx context.Context, owners []string) (map[string]bool, error) {
	s.c.pause(5 * time.Millisecond)
	return s.MemoryWide.Opened(ctx, owners)
}

func (s slow) Reached(ctx context.Context, of stream.Segment, event string, slice int) (string, bool, error) {
	s.c.pause(5 * time.Millisecond)
	return s.MemoryWide.Reached(ctx, of, event, slice)
}

func (s slow) Advance(ctx context.Context, of stream.Segment, event string, slice int, after string) error {
	s.c.pause(5 * time.Millisecond)
	return s.MemoryWide.Advance(ctx, of, event, slice, after)
}

func (s slow) Close(ctx context.Context, of stream.Segment, event string, slice int) error {
	s.c.pause(5 * time.Millisecond)
	return s.MemoryWide.Close(ctx, of, event, slice)
}

func (s slow) Page(ctx context.Context, t stream.Topic, of stream.Segment, slice int, after string, atMost int) ([]stream.Listener, string, error) {
	s.c.pause(15 * time.Millisecond)
	return s.MemoryWide.Page(ctx, t, of, slice, after, atMost)
}

// steady is the row by which posts are reserved: 5 ms for each reservation.
type steady struct {
	every time.Duration
	mu    sync.Mutex
	at    time.Time
}

func (s *steady) Reserve(_ context.Context, n int) (time.Time, time.Duration, error) {
	time.Sleep(5 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.at.Before(now) {
		s.at = now
	}
	from, spread := s.at, time.Duration(n)*s.every
	s.at = s.at.Add(spread)
	return from, spread, nil
}

// fifo is a FIFO queue: of each group one batch is under way at a time.
type fifo struct {
	mu     sync.Mutex
	parts  []publish.Part
	locked map[string]bool
}

func newFIFO() *fifo { return &fifo{locked: map[string]bool{}} }

func (q *fifo) Send(_ context.Context, parts []publish.Part) []error {
	for range (len(parts) + 9) / 10 {
		time.Sleep(8 * time.Millisecond)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.parts = append(q.parts, parts...)
	return make([]error, len(parts))
}

// take is up to n parts of groups that are not under way.
func (q *fifo) take(n int) (batch []publish.Part) {
	q.mu.Lock()
	defer q.mu.Unlock()
	mine := map[string]bool{}
	q.parts = slices.DeleteFunc(q.parts, func(p publish.Part) bool {
		g := p.Group()
		if len(batch) == n || q.locked[g] && !mine[g] {
			return false
		}
		q.locked[g], mine[g] = true, true
		batch = append(batch, p)
		return true
	})
	return batch
}

// give brings back a batch, of which some has failed.
func (q *fifo) give(batch []publish.Part, failed []int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var again []publish.Part
	for _, i := range failed {
		again = append(again, batch[i])
	}
	q.parts = append(again, q.parts...)
	for _, p := range batch {
		delete(q.locked, p.Group())
	}
}

func (q *fifo) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.parts)+len(q.locked) == 0
}

// nothing is what is never asked for here.
type nothing struct{}

func (nothing) Append(_ context.Context, entries []history.Entry) ([]history.Entry, []error) {
	return entries, make([]error, len(entries))
}
func (nothing) Greet(context.Context, stream.Greeting) error { return nil }
func (nothing) Report(context.Context, []byte, string) error { return nil }

// percentile is the smallest that so many of a hundred do not exceed.
func percentile(all []time.Duration, of int) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)*of/100]
}

// notify writes notifications to users, 20 a second, for so long.
func (c *crowd) notify(users int, d time.Duration) {
	random := rand.New(rand.NewPCG(3, 4))
	for range int(d / (50 * time.Millisecond)) {
		user := strconv.Itoa(random.IntN(users))
		c.say("note", user, stream.Target{Stream: stream.User, Account: user})
		time.Sleep(50 * time.Millisecond)
	}
}

// notes are how long notifications took since the last call.
func (c *crowd) notes() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.took["note"]
	c.took["note"] = nil
	return all
}

// asked is how many requests for accounts there were.
func (c *crowd) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

// settle waits until nothing is under way.
func (c *crowd) settle() {
	for time.Sleep(time.Second); !c.fifo.empty(); time.Sleep(time.Second) {
	}
}

func TestAWideStreamDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users = 200
		listeners := *crowded
		c := newCrowd(t, listeners, usual)
		defer c.end()
		for n := range users {
			c.open(fmt.Sprint("u", n), strconv.Itoa(n), stream.Subscription{Stream: stream.User})
		}
		time.Sleep(time.Minute)
		c.notify(users, time.Minute)
		c.settle()
		idle := percentile(c.notes(), 99)
		var busy sync.WaitGroup
		busy.Go(func() {
			for range 3 {
				c.say("news", "paper", stream.Target{Stream: stream.Public})
				time.Sleep(30 * time.Second)
			}
		})
		c.notify(users, 90*time.Second)
		busy.Wait()
		c.settle()
		p99 := percentile(c.notes(), 99)
		t.Logf("a notification, p99: %v idle, %v while %d listeners of public are told something every 30 s", idle, p99, listeners)
		t.Logf("the last listener of public, %v after the change; %d posts, %d refused", percentile(c.took["news"], 100), c.posts, c.refused)
		if p99 > 2*idle {
			t.Errorf("p99 %v, idle %v", p99, idle)
		}
		if got := len(c.took["news"]); got != 3*listeners {
			t.Errorf("%d posts of 3 changes to %d listeners", got, listeners)
		}
		if last, most := percentile(c.took["news"], 100), time.Duration(listeners/usual.pace+2)*time.Second*3; last > most {
			t.Errorf("the last listener waited %v", last)
		}
	})
}

func TestTheBudgetOfCallbacksIsUsed(t *testing.T) {
	for name, of := range map[string]limits{"the usual quota": usual, "a raised quota": raised} {
		t.Run(name, func(t *testing.T) { usesTheBudget(t, of) })
	}
}

func usesTheBudget(t *testing.T, of limits) {
	synctest.Test(t, func(t *testing.T) {
		listeners := *crowded
		c := newCrowd(t, listeners, of)
		defer c.end()
		began := time.Now()
		for range 2 {
			c.say("news", "paper", stream.Target{Stream: stream.Public})
		}
		c.settle()
		took := percentile(c.took["news"], 100) - percentile(c.took["news"], 0)
		used := float64(2*listeners) / took.Seconds() / float64(of.pace)
		t.Logf("%d posts in %v: %.1f %% of %d a second; %d refused; settled after %v", c.posts, took, 100*used, of.pace, c.refused, time.Since(began))
		if used < of.used || used > 1.02 {
			t.Errorf("%.3f of the budget is used", used)
		}
		if c.refused > c.posts/100 {
			t.Errorf("%d of %d posts were refused", c.refused, c.posts)
		}
	})
}

func TestAStatusToManyFollowersDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users, followers = 200, 50_000
		c := newCrowd(t, 10, usual)
		defer c.end()
		for n := range users {
			c.open(fmt.Sprint("u", n), strconv.Itoa(n), stream.Subscription{Stream: stream.User})
		}
		time.Sleep(time.Minute)
		c.notify(users, time.Minute)
		c.settle()
		idle := percentile(c.notes(), 99)
		homes := make([]stream.Target, followers)
		for n := range homes {
			homes[n] = stream.Target{Stream: stream.User, Account: strconv.Itoa(n*4 + 3)} // 50 of them are online
		}
		before := c.asked()
		var busy sync.WaitGroup
		busy.Go(func() {
			for range 4 {
				time.Sleep(3 * time.Second)
				c.say("status", "star", homes...)
			}
		})
		c.notify(users, 20*time.Second)
		busy.Wait()
		c.settle()
		p99, reads := percentile(c.notes(), 99), c.asked()-before
		t.Logf("a notification, p99: %v idle, %v beside statuses to %d followers of whom %d are online; the last of these had it after %v",
			idle, p99, followers, len(c.took["status"])/4, percentile(c.took["status"], 100))
		if len(c.took["status"]) != 4*users/4 {
			t.Errorf("%d posts of 4 statuses to 50 who are online", len(c.took["status"]))
		}
		if p99 > 2*idle {
			t.Errorf("p99 %v, idle %v", p99, idle)
		}
		if reads > 4*(followers/100+stream.Slices)+200*2 {
			t.Errorf("%d requests for accounts", reads)
		}
	})
}

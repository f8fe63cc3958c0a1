package publish

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

var tag = stream.Subscription{Stream: stream.Hashtag, Param: "x"}

// toTag is a broadcast of the owner to a hashtag stream.
func toTag(n int, owner string) stream.Change {
	return record(n, owner, "broadcast", fmt.Sprint(n), func(i *stream.Item) {
		i.Event, i.Topics = "e", []stream.Target{{Stream: stream.Hashtag, Tag: "x"}}
	})
}

func tagged(numbers ...int) (frames []string) {
	for _, n := range numbers {
		frames = append(frames, fmt.Sprintf("hashtag#x e %d", n))
	}
	return frames
}

func TestWhatManyHearGoesThroughTheQueue(t *testing.T) {
	w := newWide(newWorld(t), 3)
	for n := range 50 {
		w.listen(fmt.Sprint("c", n), "1", tag)
	}
	w.user("u", "2")
	p := w.publisher(Config{Page: 2})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a"), say(2, "a", "2"), toTag(3, "b")}))
	w.want("u", heard(2)...)
	w.want("c0")
	if len(w.queue) != 2*stream.Slices || w.last().Sent != 2*stream.Slices {
		t.Fatalf("%d parts on the queue, %d counted", len(w.queue), w.last().Sent)
	}
	for len(w.queue) > 0 {
		w.work(p, 10, time.Minute)
	}
	for n := range 50 {
		w.want(fmt.Sprint("c", n), tagged(1, 3)...)
	}
	if open := w.events(); len(open) > 0 {
		t.Errorf("still open: %v", open)
	}
}

func TestASegmentStaysWideUntilItsQueueIsEmpty(t *testing.T) {
	w := newWide(newWorld(t), 3)
	for n := range 4 {
		w.listen(fmt.Sprint("c", n), "1", tag)
	}
	p := w.publisher(Config{})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a")}))
	topic := stream.HashtagTopic("x")
	w.listeners[topic] = w.listeners[topic][:1] // the others have left
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(2, "a")}))
	w.want("c0")
	w.work(p, 100, time.Minute)
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(3, "a")}))
	w.want("c0", tagged(1, 2, 3)...)
	if len(w.queue) != 0 {
		t.Errorf("%d parts on the queue", len(w.queue))
	}
}

func TestWhatWasPostedGoesOnBeingPostedThoughTheSegmentIsWide(t *testing.T) {
	w := newWide(newWorld(t), 3)
	w.listen("c0", "1", tag)
	w.listen("c1", "1", tag)
	w.answer = func(id, _ string) error {
		if id == "c1" {
			return errOdd
		}
		return nil
	}
	w.disconnect = func(string) error { return stream.ErrUnavailable }
	p := w.publisher(Config{Patience: time.Millisecond})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a")}), "1")
	w.answer = nil
	opens := w.Open(t.Context(), segmentOf(stream.HashtagTopic("x")), "of another", []int{0})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a"), toTag(2, "a"), toTag(3, "b")}), "2")
	if opens != nil || len(w.queue) != stream.Slices || w.queue[0].Owner != "b" {
		t.Fatalf("%v; on the queue: %v", opens, w.queue)
	}
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(2, "a"), toTag(3, "b")}))
	for len(w.queue) > 0 {
		w.work(w.publisher(Config{}), 100, time.Minute)
	}
	w.want("c0", tagged(1, 3, 2)...)
	w.want("c1", tagged(1, 3, 2)...)
}

func TestWhatWentThroughTheQueueIsNotPostedWhenTheSegmentIsNarrow(t *testing.T) {
	w := newWide(newWorld(t), 3)
	for n := range 4 {
		w.listen(fmt.Sprint("c", n), "1", tag)
	}
	w.user("u", "2")
	w.answer = func(id, _ string) error {
		if id == "u" {
			return errOdd
		}
		return nil
	}
	w.disconnect = func(string) error { return stream.ErrUnavailable }
	both := record(1, "a", "broadcast", "1", func(i *stream.Item) {
		i.Event, i.Topics = "e", []stream.Target{{Stream: stream.Hashtag, Tag: "x"}, {Stream: stream.User, Account: "2"}}
	})
	p := w.publisher(Config{Patience: time.Millisecond})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{both}), "1")
	for len(w.queue) > 0 {
		w.work(w.publisher(Config{}), 100, time.Minute)
	}
	w.answer = nil
	topic := stream.HashtagTopic("x")
	w.listeners[topic] = w.listeners[topic][:1] // the others have left
	wantFailed(t, p.Publish(t.Context(), []stream.Change{both}))
	w.want("c0", tagged(1)...)
	w.want("u", heard(1)...)
	if len(w.queue) > 0 {
		t.Errorf("on the queue: %v", w.queue)
	}
}

// crowd is a broadcast to n accounts.
func toCrowd(number int, owner string, n int) stream.Change {
	var accounts []string
	for i := range n {
		accounts = append(accounts, fmt.Sprint(i))
	}
	return say(number, owner, accounts...)
}

func TestManyAccountsAreNotAskedForAtOnce(t *testing.T) {
	w := newWide(newWorld(t), 100)
	w.user("u", "7")
	w.user("v", "80")
	p := w.publisher(Config{Crowd: 100})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toCrowd(1, "a", 1000), say(2, "a", "7"), say(3, "b", "7")}))
	if len(w.queue) == 0 || w.lookups != 1 {
		t.Fatalf("%d parts, %d look-ups", len(w.queue), w.lookups)
	}
	w.want("u", heard(3)...) // the second one of a waits behind the first
	for len(w.queue) > 0 {
		w.work(p, 10, time.Minute)
	}
	w.want("u", heard(3, 1, 2)...)
	w.want("v", heard(1)...)
	wantFailed(t, p.Publish(t.Context(), []stream.Change{say(4, "a", "7")}))
	w.want("u", heard(3, 1, 2, 4)...)
}

func TestTheLogOfACrowdIsWrittenWhenItIsDelivered(t *testing.T) {
	w := newWide(newWorld(t), 100)
	l := w.user("u", "7")
	l.EventIDs = true
	p := w.publisher(Config{Crowd: 10})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toCrowd(1, "a", 20)}))
	w.work(p, 100, time.Minute)
	w.want("u", "user e 1 "+w.idOf(l, stream.AccountTopic("7"), "event1", 0))
}

// Who reads a log gets its owner's changes in order too: what waits behind a crowd is not in it before.
func TestTheLogOfAnAccountIsInOrderWhateverTheWay(t *testing.T) {
	topic := stream.AccountTopic("7")
	for name, known := range map[string]bool{"of which it is known that it is kept": true, "of which that is not known": false} {
		w := newWide(newWorld(t), 100)
		w.user("u", "7").EventIDs = true
		p := w.publisher(Config{Crowd: 10})
		want := []string{"event1 e 1", "event2 e 2", "event3 e 3"}
		if known {
			wantFailed(t, p.Publish(t.Context(), []stream.Change{say(4, "b", "7")}))
			want = append([]string{"event4 e 4"}, want...)
		}
		wantFailed(t, p.Publish(t.Context(), []stream.Change{toCrowd(1, "a", 20)}))
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(2, "a", "7"), say(3, "a", "7")}))
		for len(w.queue) > 0 {
			w.work(p, 10, time.Minute)
		}
		if got := w.log.said(topic); !slices.Equal(got, want) {
			t.Errorf("the log %s says %q, want %q", name, got, want)
		}
	}
}

// Where it is not known what waits, nothing goes into an account's log: it comes again.
func TestNothingIsLoggedWhileItIsNotKnownWhatWaits(t *testing.T) {
	w := newWide(newWorld(t), 100)
	w.user("u", "7").EventIDs = true
	p := w.publisher(Config{Crowd: 10})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "b", "7")}))
	w.fails = func() bool { return true }
	wantFailed(t, p.Publish(t.Context(), []stream.Change{say(2, "a", "7")}), "2")
	if got := w.log.said(stream.AccountTopic("7")); !slices.Equal(got, []string{"event1 e 1"}) {
		t.Errorf("the log says %q", got)
	}
}

func TestWhoHasIdsGetsThoseOfTheLog(t *testing.T) {
	w := newWide(newWorld(t), 1)
	l := w.listen("a", "1", tag)
	l.EventIDs = true
	w.listen("b", "1", tag)
	p := w.publisher(Config{})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a")}))
	w.work(p, 100, time.Minute)
	l = &w.listeners[stream.HashtagTopic("x")][0]
	w.want("a", "hashtag#x e 1 "+w.idOf(l, stream.HashtagTopic("x"), "event1", 0))
	w.want("b", tagged(1)...)
}

func TestAPartThatComesAgainGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(newWorld(t), 1)
		for n := range 200 {
			w.listen(fmt.Sprint("c", n), "1", tag)
		}
		p := w.publisher(Config{Page: 4, Posts: 1, Margin: time.Millisecond})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{toTag(1, "a"), toTag(2, "a")}))
		w.latency = func(string) time.Duration { return 10 * time.Millisecond }
		for range 100 { // each time another instance, which loses what it holds in the midst of a page
			ctx, lose := context.WithCancel(t.Context())
			time.AfterFunc(105*time.Millisecond, lose)
			w.workIn(ctx, w.publisher(Config{Page: 4, Posts: 1, Margin: time.Millisecond}), 10)
		}
		w.latency = nil
		for range 100 {
			w.work(p, 10, time.Minute)
		}
		twice := 0
		for n := range 200 {
			got := w.got[fmt.Sprint("c", n)]
			twice += len(got) - 2
			if first := slices.Index(got, tagged(1)[0]); first != 0 || !slices.Contains(got, tagged(2)[0]) {
				t.Errorf("c%d got %q", n, got)
			}
		}
		if twice == 0 || twice > 400 {
			t.Errorf("%d frames came twice", twice)
		}
	})
}

func TestAnInvocationThatRunsOutOfTimeRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(newWorld(t), 1)
		for n := range 1000 {
			w.listen(fmt.Sprint("c", n), "1", tag)
		}
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{toTag(1, "a"), toTag(2, "a")}))
		w.latency = func(string) time.Duration { return time.Duration(1000+rand.IntN(500)) * time.Millisecond }
		began, long := time.Now(), 0
		for len(w.queue) > 0 && long < 10 {
			before := time.Now()
			w.work(w.publisher(Config{Page: 20, Posts: 1}), 10, time.Minute) // each time another instance
			if took := time.Since(before); took > 50*time.Second {
				long++
			}
		}
		if took := time.Since(began); long < 2 || took > 7*time.Minute {
			t.Errorf("%d invocations ran out of time, and all of them took %v", long, took)
		}
		for n := range 1000 {
			w.want(fmt.Sprint("c", n), slices.Concat(tagged(1), tagged(2))...)
		}
	})
}

func TestPostsKeepToTheirPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(newWorld(t), 1)
		for n := range 500 {
			w.listen(fmt.Sprint("c", n), "1", tag)
		}
		pace := &steady{rate: 100}
		p, q := w.publisher(Config{Pace: pace, Reserved: 20}), w.publisher(Config{Pace: pace, Reserved: 20})
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{toTag(1, "a")}))
		began := time.Now()
		half := slices.Clone(w.queue[:8])
		done := make(chan []int)
		go func() { done <- p.Deliver(t.Context(), half) }()
		failed := q.Deliver(t.Context(), w.queue[8:])
		if failed = append(failed, <-done...); len(failed) > 0 {
			t.Errorf("failed: %v", failed)
		}
		if took := time.Since(began); took < 4900*time.Millisecond || took > 5300*time.Millisecond {
			t.Errorf("500 posts at 100 a second took %v", took)
		}
	})
}

// steady hands out posts at a rate.
type steady struct {
	rate int
	at   time.Time
	mu   sync.Mutex
}

func (s *steady) Reserve(_ context.Context, n int) (time.Time, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.at.Before(now) {
		s.at = now
	}
	from, spread := s.at, time.Duration(n)*time.Second/time.Duration(s.rate)
	s.at = s.at.Add(spread)
	return from, spread, nil
}

func TestNothingIsLostOnTheWayThroughTheQueue(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		connections := rapid.IntRange(1, 40).Draw(r, "connections")
		from := rapid.IntRange(1, 20).Draw(r, "from")
		crowd := rapid.IntRange(1, 8).Draw(r, "crowd")
		trouble := rapid.IntRange(0, 3).Draw(r, "trouble")
		var wrong string
		synctest.Test(t, func(t *testing.T) { wrong = throughTheQueue(t, seed, connections, from, crowd, trouble) })
		if wrong != "" {
			r.Fatal(wrong)
		}
	})
}

// story is what was said, and to whom.
type story struct {
	*wide
	random *rand.Rand
	number int
	due    map[string]map[string][]int // by connection and owner
}

// throughTheQueue publishes batches, with a queue and slices that fail now and then, and says what is
// wrong with what the listeners got.
func throughTheQueue(t *testing.T, seed uint64, connections, from, crowd, trouble int) string {
	s := story{wide: newWide(newWorld(t), from), random: rand.New(rand.NewPCG(seed, 0)), due: map[string]map[string][]int{}}
	s.fails = func() bool { return s.random.IntN(100) < trouble }
	for n := range connections {
		s.listen(fmt.Sprint("c", n), "1", tag)
	}
	for n := range 10 {
		s.user(fmt.Sprint("u", n), fmt.Sprint(n))
	}
	publisher, worker := s.publisher(Config{Crowd: crowd, Page: 3}), s.publisher(Config{Crowd: crowd, Page: 3})
	for range 6 {
		var batch []stream.Change
		for range 1 + s.random.IntN(4) {
			batch = append(batch, s.next(connections))
		}
		if stuck := untilDone(t, publisher, batch); stuck != "" {
			return stuck
		}
		for range s.random.IntN(4) {
			s.work(worker, 10, time.Minute)
		}
	}
	for n := 0; len(s.queue) > 0; n++ {
		if s.work(worker, 10, time.Minute); n > 10000 {
			return "the queue does not get empty"
		}
	}
	if open := s.events(); len(open) > 0 {
		return fmt.Sprint("still open: ", open)
	}
	return s.wrong()
}

// next is something to say to the tag, or to some accounts.
func (s *story) next(connections int) stream.Change {
	s.number++
	owner := string(rune('a' + s.random.IntN(2)))
	if s.random.IntN(2) == 0 {
		for n := range connections {
			s.expect(fmt.Sprint("c", n), owner)
		}
		return toTag(s.number, owner)
	}
	accounts := 1 + s.random.IntN(10)
	for n := range accounts {
		s.expect(fmt.Sprint("u", n), owner)
	}
	return toCrowd(s.number, owner, accounts)
}

func (s *story) expect(connection, owner string) {
	if s.due[connection] == nil {
		s.due[connection] = map[string][]int{}
	}
	s.due[connection][owner] = append(s.due[connection][owner], s.number)
}

// wrong says who did not get each owner's events once, in order.
func (s *story) wrong() string {
	for id, owners := range s.due {
		total := 0
		for owner, due := range owners {
			var got []int
			for _, frame := range s.got[id] {
				n, _ := strconv.Atoi(frame[strings.LastIndex(frame, " ")+1:])
				if slices.Contains(due, n) {
					got = append(got, n)
				}
			}
			if total += len(got); !slices.Equal(got, due) {
				return fmt.Sprintf("%s got %v of %s, want %v", id, got, owner, due)
			}
		}
		if total != len(s.got[id]) {
			return fmt.Sprintf("%s got %q", id, s.got[id])
		}
	}
	return ""
}

// halfQueue refuses what is for one tag.
type halfQueue struct {
	*wide
	broken bool
}

func (h *halfQueue) Send(ctx context.Context, parts []Part) []error {
	errs := make([]error, len(parts))
	for i, p := range parts {
		if h.broken && p.Segment == segmentOf(stream.HashtagTopic("y")) {
			errs[i] = errOdd
			continue
		}
		errs[i] = h.wide.Send(ctx, []Part{p})[0]
	}
	return errs
}

func TestWhatIsOnTheQueueIsNotPostedWhenTheRestOfItsChangeComesAgain(t *testing.T) {
	w := newWide(newWorld(t), 3)
	y := stream.Subscription{Stream: stream.Hashtag, Param: "y"}
	for n := range 4 {
		w.listen(fmt.Sprint("c", n), "1", tag)
		w.listen(fmt.Sprint("d", n), "1", y)
	}
	q := &halfQueue{w, true}
	p := w.publisher(Config{})
	p.Queue = q
	both := record(1, "a", "broadcast", "1", func(i *stream.Item) {
		i.Event, i.Topics = "e", []stream.Target{{Stream: stream.Hashtag, Tag: "x"}, {Stream: stream.Hashtag, Tag: "y"}}
	})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{both}), "1")
	for len(w.queue) > 0 {
		w.work(w.publisher(Config{}), 100, time.Minute)
	}
	q.broken = false
	topic := stream.HashtagTopic("x")
	w.listeners[topic] = w.listeners[topic][:1] // the others have left
	wantFailed(t, p.Publish(t.Context(), []stream.Change{both}))
	w.want("c0", tagged(1)...)
}

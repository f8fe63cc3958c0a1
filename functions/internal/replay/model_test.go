package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// model is publishers and a client that comes back, which take their steps in any order.
type model struct {
	*world
	t    *testing.T
	rand *rand.Rand
	// subscribed says that a mapping is there, replaying or live.
	subscribed bool
	said       []string
	last       string // the id of the last event that the first socket got
}

// pause lets others go first. Some steps take long.
func (m *model) pause() {
	m.mu.Lock()
	d := time.Duration(m.rand.IntN(40)) * time.Millisecond
	if m.rand.IntN(20) == 0 {
		d *= 50
	}
	m.mu.Unlock()
	time.Sleep(d)
}

// publish is one publisher: it appends, looks up the audience, and then posts what the replay does
// not take. Had it looked up before, a client that came back, caught up and went live in between
// would miss what is appended then.
func (m *model) publish(writer *history.Writer, owners []string, batches int) {
	for range batches {
		m.pause()
		entries := m.batch(writer, owners)
		m.pause()
		m.mu.Lock()
		there, replaying := m.subscribed, m.turn > 0
		m.mu.Unlock()
		m.pause()
		if !there || replaying && m.Defer() {
			continue
		}
		for _, e := range entries {
			m.pause()
			id := bound.EventID(e, 0)
			_ = m.Post(context.Background(), "", mastodon.FrameID(user, e.Messages[0], id))
		}
	}
}

func (m *model) batch(writer *history.Writer, owners []string) (entries []history.Entry) {
	m.mu.Lock()
	size := 1 + m.rand.IntN(3)
	m.mu.Unlock()
	for range size {
		m.mu.Lock()
		owner := owners[m.rand.IntN(len(owners))]
		m.number++
		text := fmt.Sprintf("%s.%d", owner, m.number)
		m.said = append(m.said, text)
		e := m.entry(owner, m.number, stream.Message{
			Topic: stream.AccountTopic("1"), Streams: []stream.Name{stream.User}, Event: "update", Payload: []byte(text),
		})
		m.mu.Unlock()
		stored, errs := writer.Append(context.Background(), []history.Entry{e})
		if errs[0] != nil {
			m.t.Error(errs[0])
		}
		entries = append(entries, stored...)
		m.pause()
	}
	return entries
}

// comeBack subscribes, behind what the client had, and runs the replay, with deaths in between.
func (m *model) comeBack() {
	resumer := history.Resumer{Keeper: keeper{}, Log: m.log, Kept: 15 * time.Minute}
	start, err := resumer.Resume(context.Background(), bound, m.last)
	if err != nil || start.Gap != "" {
		m.t.Errorf("%+v %v", start, err)
	}
	m.pause()
	m.mu.Lock()
	m.subscribed, m.turn = true, 1
	m.mu.Unlock()
	m.pause()
	m.step = func(string) error { m.pause(); return nil }
	m.finish(m.t, m.from(start.From))
}

// keeper keeps everything since long ago.
type keeper struct{}

func (keeper) Keep(context.Context, []stream.Topic) (time.Time, error) {
	return time.Now().Add(-time.Hour), nil
}

func TestEveryEventComesOnceWhateverHappensInBetween(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			m := &model{world: newWorld(), t: t, rand: rand.New(rand.NewPCG(seed, 4))}
			m.turn, m.log.Page = 0, 5
			first := history.NewWriter(m.log, history.WriterConfig{Lanes: 2})
			second := history.NewWriter(m.log, history.WriterConfig{Lanes: 2})
			m.before(first)
			var g sync.WaitGroup
			g.Go(func() { m.publish(first, []string{"2", "3"}, 12) })
			g.Go(func() { m.publish(second, []string{"4", "5"}, 12) })
			time.Sleep(time.Duration(seed%7) * 100 * time.Millisecond)
			m.comeBack()
			g.Wait()
			m.check(seed)
		})
	}
}

// before is the socket that the client had: it got all of it, or, every other time, lost its end.
func (m *model) before(writer *history.Writer) {
	entries := m.batch(writer, []string{"2", "3"})
	entries = append(entries, m.batch(writer, []string{"2", "3"})...)
	if m.rand.IntN(2) == 0 {
		entries = entries[:1]
	}
	for _, e := range entries {
		m.last = bound.EventID(e, 0)
		_ = m.Post(context.Background(), "", mastodon.FrameID(user, e.Messages[0], m.last))
	}
}

func (m *model) check(seed uint64) {
	got := once(m.received(m.t))
	ascend(m.t, got)
	slices.Sort(got)
	slices.Sort(m.said)
	if !slices.Equal(got, m.said) || m.turn != 0 {
		m.t.Fatalf("seed %d: turn %d, said\n%s\ngot\n%s", seed, m.turn, strings.Join(m.said, " "), strings.Join(got, " "))
	}
	if m.t.Failed() {
		m.t.Fatalf("seed %d", seed)
	}
}

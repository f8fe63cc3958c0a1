package publish

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

// play is what happens on some channels, and how it is brought to a publisher.
type play struct {
	script
	// stays are the connections that come and do not leave, per channel and life: who comes back has
	// another one.
	lives []*life
	// cuts are how many new records each batch brings; deaths say after which batches the instance dies
	// before it can say what it did.
	cuts   []int
	deaths []bool
	faults bool
	seed   uint64
}

// life is one connection on one channel: from the record with which it comes to the one with which it
// leaves; 0: it stays.
type life struct {
	channel, user, id string
	from, to          int
}

func drawPlay(t *rapid.T, faults bool) *play {
	p := &play{faults: faults, seed: rapid.Uint64().Draw(t, "seed")}
	open := map[string]*life{}
	users := map[string]string{"a": "u", "b": "u", "c": "v", "d": "w"}
	for range rapid.IntRange(1, 40).Draw(t, "records") {
		channel := rapid.SampledFrom([]string{room, cache, both}).Draw(t, "channel")
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "", ""}).Draw(t, "connection")
		key := channel + id
		switch {
		case id == "":
			p.say(rapid.SampledFrom([]string{"event", "event", stream.KindClient}).Draw(t, "kind"), channel, "")
		case open[key] == nil:
			open[key] = &life{channel: channel, user: users[id], id: id, from: p.join(channel, users[id], id)}
			p.lives = append(p.lives, open[key])
		default:
			open[key].to = p.leave(channel, users[id], id)
			delete(open, key)
		}
	}
	for left := len(p.records); left > 0; left -= p.cuts[len(p.cuts)-1] {
		p.cuts = append(p.cuts, rapid.IntRange(1, left).Draw(t, "cut"))
		p.deaths = append(p.deaths, faults && rapid.IntRange(0, 4).Draw(t, "death") == 0)
	}
	return p
}

// run publishes the play and says what went wrong; empty: nothing.
func (p *play) run(t *testing.T) string {
	w := newWorld(t)
	v := newVenue(w)
	c := chaos{random: rand.New(rand.NewPCG(p.seed, 0))}
	w.latency = c.latency
	if p.faults {
		w.answer = c.answer
		v.fails = func(string) error {
			if c.random.IntN(12) == 0 {
				return errOdd
			}
			return nil
		}
	}
	w.disconnect = func(string) error { return stream.ErrUnavailable }
	publisher := func() *Publisher { return w.channels(v, Config{Posts: 1 + int(p.seed%4), Margin: time.Second}) }
	if stuck := p.bring(t, publisher); stuck != "" {
		return stuck
	}
	return p.check(w)
}

// bring hands the records over as Lambda's poller does. Where an instance dies, all of its batch comes
// again, to another one.
func (p *play) bring(t *testing.T, publisher func() *Publisher) string {
	current, done := publisher(), 0
	for i, n := range p.cuts {
		batch := p.records[done : done+n]
		done += n
		dies := p.deaths[i]
		for tries := 0; len(batch) > 0; tries++ {
			if tries == 100 {
				return "never got through"
			}
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			failed := current.Publish(ctx, batch)
			cancel()
			switch {
			case dies:
				dies, current = false, publisher()
			case len(failed) == 0:
				batch = nil
			default:
				batch = batch[slices.IndexFunc(batch, func(c stream.Change) bool { return c.Sequence == failed[0] }):]
			}
		}
	}
	return ""
}

func (p *play) check(w *world) string {
	repeats := slices.Contains(p.deaths, true)
	got := map[string][]string{}
	for _, id := range []string{"a", "b", "c", "d"} {
		for _, frame := range w.got[id] {
			channel, rest, _ := strings.Cut(strings.TrimPrefix(frame, "channel#"), " ")
			got[channel+" "+id] = append(got[channel+" "+id], rest)
		}
	}
	for _, channel := range []string{room, cache, both} {
		for _, id := range []string{"a", "b", "c", "d"} {
			var want []string
			var last *life
			for _, l := range p.lives {
				if l.channel == channel && l.id == id {
					want, last = append(want, p.due(l)...), l
				}
			}
			frames := got[channel+" "+id]
			if !repeats && !slices.Equal(frames, want) {
				return fmt.Sprintf("%s on %s got %q, due %q", id, channel, frames, want)
			}
			if last != nil && last.to == 0 {
				if wrong := p.compare(last, frames); wrong != "" {
					return fmt.Sprintf("%s on %s %s: %q", id, channel, wrong, frames)
				}
			}
		}
	}
	return ""
}

func checkPlays(t *testing.T, faults bool) {
	rapid.Check(t, func(rt *rapid.T) {
		p, wrong := drawPlay(rt, faults), ""
		synctest.Test(t, func(t *testing.T) { wrong = p.run(t) })
		if wrong != "" {
			rt.Fatalf("%s\n%s", wrong, p.text())
		}
	})
}

// text is the play, a record a line.
func (p *play) text() string {
	var b strings.Builder
	for i, c := range p.records {
		b.WriteString(strconv.Itoa(i+1) + " " + c.Owner)
		if c.New != nil {
			fmt.Fprintf(&b, " %s %s %v", c.New.Kind, c.New.Payload, users(c.New))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "batches %v, deaths %v", p.cuts, p.deaths)
	return b.String()
}

func TestEveryClientHearsItsChannelsInTheirOrder(t *testing.T) { checkPlays(t, false) }

func TestEveryClientKnowsTheTruthInTheEndWhateverFails(t *testing.T) { checkPlays(t, true) }

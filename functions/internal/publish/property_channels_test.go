package publish

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"context"

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

// due are the frames that a connection gets in one of its lives.
func (p *play) due(l *life) (frames []string) {
	last := ""
	for i, c := range p.records {
		n := i + 1
		if c.Owner != stream.Owner("4072", l.channel) || l.to != 0 && n >= l.to {
			continue
		}
		said := ""
		if c.New != nil && c.New.Payload != nil {
			var e struct{ Name, Data string }
			_ = json.Unmarshal(c.New.Payload, &e)
			if said = e.Name + " " + e.Data; n < l.from && c.New.Kind == "event" {
				last = said
			}
		}
		switch {
		case n < l.from:
		case said != "":
			frames = append(frames, said)
		case n == l.from:
			frames = append(frames, p.welcome(l, last)...)
		default:
			frames = append(frames, p.news(c)...)
		}
	}
	return frames
}

func (p *play) welcome(l *life, last string) []string {
	_, text, _ := strings.Cut(welcomed(l.channel, users(p.records[l.from-1].New)...), " ")
	switch {
	case l.channel == room:
		return []string{text}
	case last == "":
		return []string{text, stream.EventCacheMiss + " "}
	}
	return []string{text, last}
}

// news are the members that a change of a roster announces.
func (p *play) news(c stream.Change) (frames []string) {
	if c.New == nil || c.New.Kind != stream.KindRoster {
		return nil
	}
	was, is := users(c.Old), users(c.New)
	for _, u := range was {
		if !slices.Contains(is, u) {
			frames = append(frames, stream.EventMemberRemoved+` {"user_id":"`+u+`"}`)
		}
	}
	for _, u := range is {
		if !slices.Contains(was, u) {
			frames = append(frames, stream.EventMemberAdded+` {"user_id":"`+u+`","user_info":null}`)
		}
	}
	return frames
}

// users are those on a roster, who came first first.
func users(roster *stream.Item) []string {
	if roster == nil {
		return nil
	}
	first := map[string]time.Time{}
	for u, m := range roster.Members {
		for _, at := range m.Connections {
			if was, ok := first[u]; !ok || at.Before(was) {
				first[u] = at
			}
		}
	}
	return slices.SortedFunc(maps.Keys(first), func(a, b string) int { return first[a].Compare(first[b]) })
}

// compare sets what a connection that stays knows in the end against the truth, when frames may have
// come twice: who is there, and what was said last; and that it missed nothing, in order.
func (p *play) compare(l *life, frames []string) string {
	list, said := follow(frames)
	if roster := p.rosters[l.channel]; roster != nil {
		want := users(roster)
		slices.Sort(want)
		if !slices.Equal(list, want) {
			return fmt.Sprintf("knows %v, there are %v", list, want)
		}
	}
	var due []string
	for _, frame := range p.due(l) {
		if !strings.HasPrefix(frame, "pusher") {
			due = append(due, frame)
		}
	}
	if len(due) > 0 && said[len(said)-1] != due[len(due)-1] {
		return "heard last what was not said last"
	}
	for _, frame := range said { // each for the first time, in order
		if len(due) > 0 && frame == due[0] {
			due = due[1:]
		}
	}
	if len(due) > 0 {
		return fmt.Sprintf("never heard %q in order", due)
	}
	return ""
}

// follow is what a browser knows after these frames: who is there, and what was said.
func follow(frames []string) (list, said []string) {
	here := map[string]bool{}
	for _, frame := range frames {
		event, payload, _ := strings.Cut(frame, " ")
		var body struct {
			User     string `json:"user_id"`
			Presence struct{ IDs []string }
		}
		if strings.HasPrefix(event, "pusher_") {
			_ = json.Unmarshal([]byte(payload), &body)
		}
		switch event {
		case stream.EventSubscribed:
			clear(here)
			for _, u := range body.Presence.IDs {
				here[u] = true
			}
		case stream.EventMemberAdded:
			here[body.User] = true
		case stream.EventMemberRemoved:
			delete(here, body.User)
		case stream.EventCacheMiss:
		default:
			said = append(said, frame)
		}
	}
	return slices.Sorted(maps.Keys(here)), said
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

package sim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// checker compares what clients got with what was due to them.
type checker struct{ *world }

// arrival is a frame that a client got.
type arrival struct {
	*record
	at time.Time
	id string
	// greeted says that it was posted by greet.
	greeted bool
}

// arrive takes a frame as its client does.
func (c *checker) arrive(s *socket, f frame) {
	n, ok := c.app.numberOf(f)
	switch {
	case f.Event == "edgestream.gap":
		c.blame(of(s.ID), "%s is told of a gap in %s: %s", s.ID, f.key(), f.Payload)
	case strings.HasPrefix(f.Event, "edgestream."):
	case !ok || n >= len(c.records) || c.records[n].event != f.Event:
		c.blame(of(s.ID), "%s got a frame of nothing: %s", s.ID, f)
	default:
		s.arrivals[f.key()] = append(s.arrivals[f.key()], arrival{c.records[n], time.Now(), f.ID, f.by == "greet"})
	}
}

// all checks everything, at the end of a run.
func (c *checker) all() {
	c.shards()
	c.tables()
	for _, s := range c.gateway.all {
		c.socket(s)
	}
	for _, cl := range c.clients {
		if cl.ids {
			c.resumed(cl)
		}
	}
	for _, f := range c.followers {
		c.followed(f)
	}
}

// shards checks that everything written has been published.
func (c *checker) shards() {
	for _, r := range c.records {
		if r.done.IsZero() {
			c.blame(mark{owner: r.Owner, records: []*record{r}}, "%d of %s was never done", r.number, r.Owner)
		}
	}
}

// tables checks that nothing is left of connections that are gone, and nothing missing of others.
func (c *checker) tables() {
	for id := range c.rows.sessions {
		if !c.gateway.sockets[id].open {
			c.blame(of(id), "the row of %s is left", id)
		}
	}
	for at := range c.rows.left {
		c.blame(of(at.id), "a mapping of %s to %s is left", at.id, at.key)
	}
	for _, s := range c.gateway.all {
		if s.late() {
			c.saw("a connection that opens later than it is waited for")
			continue
		}
		if !s.taken.IsZero() && !s.opened.IsZero() && (s.ended.IsZero() || s.taken.Before(s.ended)) {
			c.blame(of(s.ID), "%s was forgotten at %.3f though it was there", s.ID, s.taken.Sub(c.start).Seconds())
		}
	}
}

// socket checks one connection.
func (c *checker) socket(s *socket) {
	for _, key := range slices.Sorted(maps.Keys(s.arrivals)) {
		got := s.arrivals[key]
		c.repeats(s, key, got)
		if !s.client.ids {
			c.order(s.ID, key, s.due(key, got))
		}
		for _, a := range got {
			c.wanted(s, key, a)
		}
	}
	if !s.client.ids {
		for _, l := range s.listened {
			c.whole(l)
		}
	}
}

// due is what was written since the socket listened first: what came before, and comes again, it may get.
func (s *socket) due(key string, got []arrival) []arrival {
	i := slices.IndexFunc(s.listened, func(l *listening) bool { return l.Key() == key })
	return slices.DeleteFunc(slices.Clone(got), func(a arrival) bool { return i < 0 || a.written.Before(s.listened[i].from) })
}

// order checks that what an owner changed first came first, not counting repeats. What could not be
// posted for so long that a replay may have begun behind it is posted beside replays. What two greetings have that
// wait for each other may change places where clocks are wrong.
func (c *checker) order(id, key string, got []arrival) {
	seen, latest, late := map[int]bool{}, map[string]arrival{}, map[string]bool{}
	for _, a := range got {
		if seen[a.number] {
			continue
		}
		seen[a.number] = true
		late[a.Owner] = late[a.Owner] || a.id != "" && a.done.Sub(a.written) > history.Delivery
		last, any := latest[a.Owner]
		switch {
		case !any || a.number > last.number:
			latest[a.Owner] = a
		case a.greeted && last.greeted && c.weather.clocks > usualClocks:
			c.saw("greetings out of order by their clocks")
		case !late[a.Owner]:
			c.blame(c.markOf(id, a.record), "%s: %s got %d of %s after %d", id, key, a.number, a.Owner, last.number)
		}
	}
}

func (c *checker) markOf(id string, r *record) mark {
	m := of(id)
	m.owner, m.records = r.Owner, []*record{r}
	return m
}

// repeats checks that nothing came twice for no reason, and nothing with two ids.
func (c *checker) repeats(s *socket, key string, got []arrival) {
	first := map[int]arrival{}
	for _, a := range got {
		before, again := first[a.number]
		switch {
		case !again:
			first[a.number] = a
			continue
		case before.id != a.id && before.id != "" && a.id != "": // what comes late has none
			c.blame(c.markOf(s.ID, a.record), "%s: %s got %d with two ids", s.ID, key, a.number)
		case s.client.ids, a.repeated, s.unknown[a.number]:
			c.saw("a repeat")
		default:
			c.blame(c.markOf(s.ID, a.record), "%s: %s got %d twice", s.ID, key, a.number)
		}
	}
}

// onItsWay is how long after the end of a subscription something may arrive that was said before:
// an invocation of publish or of replay, and one of greet.
const onItsWay = 2 * time.Minute

// wanted checks that an arrival was for a subscription, which the table had.
func (c *checker) wanted(s *socket, key string, a arrival) {
	c.arrivals++
	for _, l := range s.listened {
		if l.Key() == key && a.hears(s.client.account, l.Subscription) && !l.from.After(a.at) && (l.to.IsZero() || a.at.Before(l.to.Add(onItsWay))) {
			if s.client.ids || a.done.IsZero() || a.repeated || !a.done.Before(l.from) {
				return
			}
		}
	}
	c.blame(c.markOf(s.ID, a.record), "%s: %s got %d, which was not for it", s.ID, key, a.number)
}

// late reports whether the connection opened so late that publishers may have taken it for gone.
func (s *socket) late() bool {
	return len(s.listened) > 0 && s.opened.Sub(s.listened[0].from) > stream.YoungFor
}

// greeted is how long after a connection was opened what it is sent may be with a greeter.
const greeted = time.Minute

// whole checks that a subscription got all that was written after it was made, and was published while
// it was there.
func (c *checker) whole(l *listening) {
	if l.opened.IsZero() || l.late() {
		return
	}
	end := l.end()
	for _, r := range c.records {
		by := r.done
		if by.Before(l.ConnectedAt.Add(greeted)) {
			by = by.Add(greeted / 2)
		}
		if !r.hears(l.client.account, l.Subscription) || r.written.Before(l.from) || r.done.IsZero() || !end.IsZero() && end.Before(by) {
			continue
		}
		c.due++
		switch {
		case slices.ContainsFunc(l.arrivals[l.Key()], func(a arrival) bool { return a.record == r }):
		case l.given[r.number] > 0 && (!l.ended.IsZero() || l.untold):
			c.saw("an event lost with an instance of greet, which closed the connection a minute later")
		default:
			c.blame(c.markOf(l.ID, r), "%s: %s missed %d of %s", l.ID, l.Key(), r.number, r.Owner)
		}
	}
}

// end is when the client stopped listening: by itself, or because its connection ended; zero: never.
func (l *listening) end() (end time.Time) {
	all := []time.Time{l.ended, l.left}
	if l.told {
		all = append(all, l.to)
	}
	for _, at := range all {
		if !at.IsZero() && (end.IsZero() || at.Before(end)) {
			end = at
		}
	}
	return end
}

// resumed checks what a client with ids got over all its connections.
func (c *checker) resumed(cl *client) {
	switch {
	case cl.socket == nil, cl.socket.late():
		return
	case cl.socket.untold:
		c.saw("a client that could neither be told of a refusal nor closed")
		return
	}
	for _, sub := range cl.wants {
		since, began := cl.since[sub.Key()]
		if !began {
			continue
		}
		var got []arrival
		for _, s := range c.gateway.all {
			if s.client == cl {
				got = append(got, s.arrivals[sub.Key()]...)
			}
		}
		got = slices.DeleteFunc(got, func(a arrival) bool { return a.written.Before(since) })
		c.order(cl.name, sub.Key(), got)
		for _, r := range c.records {
			if !r.hears(cl.account, sub) || r.written.Before(since) {
				continue
			}
			c.due++
			if !slices.ContainsFunc(got, func(a arrival) bool { return a.record == r }) {
				c.blame(c.markOf(cl.name, r), "%s: %s missed %d of %s over all its connections", cl.name, sub.Key(), r.number, r.Owner)
			}
		}
	}
}

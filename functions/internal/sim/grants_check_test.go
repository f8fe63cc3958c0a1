package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// afterwards is how long after a token has ended something may arrive that was on its way, and closing
// how long it may take to close a connection when nothing goes wrong.
const (
	afterwards = 10 * time.Second
	closing    = 15 * time.Second
)

// arrive takes an event as its client does.
func (v *visit) arrive(f frame, r *record) {
	v.reader.grants.world.tally.arrivals++
	v.got = append(v.got, arrival{record: r, at: time.Now(), id: f.key()})
}

// checkAll checks everything, at the end of a run.
func (g *grants) checkAll() {
	g.check.shards()
	for _, r := range g.changes {
		if r.done.IsZero() {
			g.fail("change %d of %s was never enforced", r.number, r.Owner)
		}
	}
	for _, v := range g.visits {
		v.ended()
		for _, t := range v.tuned {
			t.whole()
			t.moved()
			t.heard()
		}
		v.shown()
	}
	for _, r := range g.readers {
		if !r.gone && (r.visit == nil || slices.ContainsFunc(r.visit.tuned, func(t *tuned) bool { return t.from.IsZero() && t.taken() == nil })) {
			g.blame(mark{client: r.name}, "%s does not listen in the end", r.name)
		}
	}
	g.nothingIsLeft()
}

// nothingIsLeft checks that no row is of a connection that is gone. What is left of one whose token has run
// out nobody looks at any more.
func (g *grants) nothingIsLeft() {
	for _, row := range g.db.scan("Connections") {
		until, _ := strconv.ParseInt(row["u"], 10, 64)
		expires, _ := strconv.ParseInt(row["expiresAt"], 10, 64)
		if now := time.Now().Unix(); until > 0 && until < now || expires > 0 && expires < now {
			continue
		}
		if id := connectionIn(row["sk"]); id != "" && !g.gateway.sockets[id].open {
			g.blame(of(id), "a row of %s is left: %s %s", id, row["pk"], row["sk"])
		}
	}
}

// ended checks that the visit has ended with what allowed it, and that nothing came later.
func (v *visit) ended() {
	for _, e := range v.ends {
		if !e.of(v) || v.ConnectedAt.After(e.written) || !v.socket.ended.IsZero() && v.socket.ended.Before(e.written) {
			continue
		}
		v.saw("a visit that is ended")
		v.over(e.done, "its token was revoked")
		if calm := e.written.After(v.start.Add(busy + 2*time.Minute)); calm && !v.socket.ended.IsZero() && v.socket.ended.Sub(e.written) > closing {
			v.blame(of(v.ID), "%s was closed %v after its token was revoked", v.ID, v.socket.ended.Sub(e.written))
		}
	}
	if at := v.token.expires; !at.IsZero() && time.Since(at) > 2*time.Minute && (v.socket.ended.IsZero() || v.socket.ended.After(at)) {
		v.saw("a visit whose token runs out")
		v.over(at, "its token has run out")
	}
}

// stored reports whether the table has a row of the connection. What opens so late that publishers have taken
// it for gone has none, and nothing comes to it.
func (v *visit) stored() bool {
	return slices.ContainsFunc(v.reader.grants.db.scan("Connections"), func(row map[string]string) bool { return connectionIn(row["sk"]) == v.ID })
}

// over checks that the connection is closed, and that nothing came long after that time.
func (v *visit) over(at time.Time, why string) {
	if v.socket.open && !(v.socket.late() && !v.stored()) {
		v.blame(of(v.ID), "%s is open, though %s", v.ID, why)
	}
	for _, a := range v.got {
		if late := a.at.Sub(at); late > afterwards {
			v.blame(v.about(a.record), "%s got %d %v after %s", v.ID, a.number, late, why)
		}
	}
}

func (v *visit) about(r *record) mark {
	m := of(v.ID)
	m.owner, m.records = r.Owner, []*record{r}
	return m
}

// end is when the visit ended, or what allows it did; zero: it did not.
func (v *visit) end() (end time.Time) {
	all := []time.Time{v.socket.ended, v.left, v.token.expires}
	for _, e := range v.ends {
		if e.of(v) && !v.ConnectedAt.After(e.written) {
			all = append(all, e.written)
		}
	}
	for _, at := range all {
		if !at.IsZero() && (end.IsZero() || at.Before(end)) {
			end = at
		}
	}
	return end
}

// whole checks that a subscription got all that was written while it surely was, but what its account
// does not want to see.
func (t *tuned) whole() {
	if t.from.IsZero() {
		return
	}
	end := t.end()
	if taken := t.taken(); taken != nil && (end.IsZero() || taken.written.Before(end)) {
		end = taken.written
	}
	for _, r := range t.records {
		by := r.done
		if by.Before(t.ConnectedAt.Add(greeted)) {
			by = by.Add(greeted / 2)
		}
		if !r.hears(t.account, t.Subscription) || r.written.Before(t.from) || r.done.IsZero() || !end.IsZero() && end.Before(by) || t.given[r.number] > 0 {
			continue
		}
		if hidden, sure := t.hidden(r, t.Subscription); hidden || !sure {
			continue
		}
		t.reader.grants.world.tally.due++
		came := slices.ContainsFunc(t.got, func(a arrival) bool { return a.record == r && a.id == t.Key() })
		if r.event == "filters_changed" {
			came = slices.ContainsFunc(t.told, func(at time.Time) bool { return !at.Before(r.written) })
		}
		if !came {
			t.blame(t.visit.about(r), "%s: %s missed %d of %s", t.ID, t.Key(), r.number, r.Owner)
		}
	}
}

// taken is the change with which the list that it listens to has become another's; nil: it has not.
func (t *tuned) taken() *record {
	if t.Stream != stream.List {
		return nil
	}
	return t.rows[t.account].taken
}

// moved checks that nothing came long after the list had become another's.
func (t *tuned) moved() {
	taken := t.taken()
	if taken == nil || taken.done.IsZero() {
		return
	}
	t.saw("a visit whose list becomes another's")
	for _, a := range t.got {
		if late := a.at.Sub(taken.done); a.id == t.Key() && late > afterwards {
			t.blame(t.visit.about(a.record), "%s got %d of a list %v after it had become another's", t.ID, a.number, late)
		}
	}
}

// heard checks that who listens to user was told of each change of its account's filters.
func (t *tuned) heard() {
	end := t.end()
	for _, c := range t.rows[t.account].told {
		if t.Stream != stream.User || t.from.IsZero() || c.written.Before(t.from) || c.done.IsZero() || !end.IsZero() && end.Before(c.done.Add(greeted)) {
			continue
		}
		t.saw("a visit that is to hear of filters")
		if !slices.ContainsFunc(t.told, func(at time.Time) bool { return at.After(c.written) }) {
			t.blame(of(t.ID), "%s was not told that the filters of %s have changed", t.ID, t.account)
		}
	}
}

// shown checks that nothing was shown that the account surely did not want to see.
func (v *visit) shown() {
	for _, a := range v.got {
		if hidden, sure := v.hidden(a.record, stream.Subscription{Stream: stream.Name(a.id)}); hidden && sure {
			v.blame(v.about(a.record), "%s was shown %d of %s, whom %s blocks", v.ID, a.number, a.Owner, v.account)
		}
	}
}

// hidden reports whether the account blocks the author of a status on such a stream; sure is false if
// that was about to change while the status was published.
func (v *visit) hidden(r *record, sub stream.Subscription) (hidden, sure bool) {
	if !strings.HasPrefix(string(sub.Stream), "public") || r.event != "update" && r.event != "status.update" {
		return false, true
	}
	sure = true
	for _, h := range v.rows[v.account].hides {
		if h.author != r.Owner {
			continue
		}
		for _, change := range []*record{h.from, h.to} {
			if change != nil && !r.done.Before(change.written) && (change.done.IsZero() || !r.written.After(change.done)) {
				sure = false
			}
		}
		if r.written.After(h.from.done) && (h.to == nil || r.done.Before(h.to.written)) {
			v.saw("a status that is hidden")
			hidden = true
		}
	}
	return hidden, sure
}

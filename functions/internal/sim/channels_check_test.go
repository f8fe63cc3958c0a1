package sim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// arrive takes an event as its client does; h is nil where the client is not subscribed.
func (l *life) arrive(h *hearing, f frame) {
	s := l.channels.of(l.member, f)
	switch {
	case s == nil || s.record == nil:
		l.blame(of(l.ID), "%s got a frame of nothing: %s", l.ID, f)
		return
	case h == nil:
		h = l.ended(f.Channel)
	}
	m := l.about(s)
	if h == nil {
		l.blame(m, "%s got %d on %s, to which it never was subscribed", l.ID, s.saying.number, f.Channel)
		return
	}
	l.channels.world.tally.arrivals++
	again := slices.ContainsFunc(h.got, func(e heard) bool { return e.kept && e.said == s && e.time == h.times })
	own := s.Owner == stream.Owner(l.app.ID, f.Channel) // what is not the channel's own has no order, and may come before what it keeps
	h.got = append(h.got, heard{said: s, at: time.Now(), time: h.times, kept: again || own && h.fresh && pusher.Channel(h.channel).Cache()})
	h.fresh = h.fresh && !own
	switch {
	case s.except == l.SocketID() && !h.got[len(h.got)-1].kept: // who comes to a cache channel is told what its own was, too
		l.blame(m, "%s got %d on %s, which was for all but it", l.ID, s.saying.number, f.Channel)
	case s.user != f.User:
		l.blame(m, "%s got %d on %s of %q instead of %q", l.ID, s.saying.number, f.Channel, f.User, s.user)
	}
}

func (l *life) about(s *said) mark {
	m := of(l.ID)
	if s.record != nil {
		m.owner, m.records = s.Owner, []*record{s.record}
	}
	return m
}

// ended is the last subscription to the channel that was to end.
func (l *life) ended(channel string) (last *hearing) {
	for _, h := range l.all {
		if h.channel == channel {
			last = h
		}
	}
	return last
}

// checkAll checks everything, at the end of a run.
func (c *channels) checkAll() {
	c.check.shards()
	for _, id := range slices.Sorted(maps.Keys(c.lives)) {
		for _, h := range c.lives[id].all {
			h.check()
		}
	}
	c.everybodyHears()
	c.everybodyKnows()
	c.nothingIsLeft()
	c.hooks.check()
}

// check checks one subscription.
func (h *hearing) check() {
	h.wanted()
	h.order()
	h.repeats()
	h.whole()
	h.kept()
}

// wanted checks that nothing came long after the subscription was to end, and what a cache kept.
func (h *hearing) wanted() {
	for _, e := range h.got {
		switch {
		case !h.to.IsZero() && !h.stuck && e.at.Sub(h.to) > onItsWay:
			h.blame(h.about(e.said), "%s got %d on %s, from which it had unsubscribed", h.ID, e.saying.number, h.channel)
		case e.kept || e.repeated || e.done.IsZero() || !e.done.Before(h.asked):
		default:
			h.blame(h.about(e.said), "%s got %d on %s, which was said before it came", h.ID, e.saying.number, h.channel)
		}
	}
}

// order checks that what was said on the channel first came first, not counting repeats.
func (h *hearing) order() {
	seen, latest := map[int]bool{}, map[string]heard{}
	for _, e := range h.got {
		last, any := latest[e.Owner]
		if seen[e.saying.number] || e.kept || e.written.Before(h.asked) {
			continue
		}
		seen[e.saying.number] = true
		if any && (e.record.number < last.record.number || e.record == last.record && e.saying.number < last.saying.number) {
			h.blame(h.about(e.said), "%s got %d on %s after %d", h.ID, e.saying.number, h.channel, last.saying.number)
		}
		latest[e.Owner] = e
	}
}

// repeats checks that nothing came twice for no reason.
func (h *hearing) repeats() {
	type once struct{ number, time int }
	seen := map[once]bool{}
	for _, e := range h.got {
		at := once{e.saying.number, e.time}
		switch {
		case !seen[at]:
			seen[at] = true
		case e.repeated, h.unknown[e.record.number]:
			h.saw("a repeat")
		default:
			h.blame(h.about(e.said), "%s got %d on %s twice", h.ID, e.saying.number, h.channel)
		}
	}
}

// whole checks that all came that was said while it was subscribed.
func (h *hearing) whole() {
	if h.from.IsZero() {
		return
	}
	end := h.end()
	for _, at := range slices.SortedFunc(maps.Keys(h.events), func(a, b saying) int { return a.number - b.number }) {
		s := h.events[at]
		if s.app != h.app.ID || s.channel != h.channel || s.except == h.SocketID() || s.record == nil {
			continue
		}
		if s.written.Before(h.from) || s.done.IsZero() || !end.IsZero() && end.Before(s.done) {
			continue
		}
		h.channels.world.tally.due++
		if !slices.ContainsFunc(h.got, func(e heard) bool { return e.said == s }) {
			h.blame(h.about(s), "%s missed %d on %s", h.ID, at.number, h.channel)
		}
	}
}

// kept checks that who came to a cache channel was told of nothing older than what had been said before it
// asked.
func (h *hearing) kept() {
	owner, asked := stream.Owner(h.app.ID, h.channel), h.life.first(h.channel).asked
	var latest *record
	for _, r := range h.records {
		if r.Owner == owner && r.New != nil && r.New.Kind == "event" && !r.done.IsZero() && r.done.Before(asked) {
			latest = r
		}
	}
	if latest == nil {
		return
	}
	m := of(h.ID)
	m.owner, m.records = owner, []*record{latest}
	if h.missed {
		h.blame(m, "%s came to %s and was told that there is nothing", h.ID, h.channel)
	}
	for _, e := range h.got {
		if e.kept && e.record.number < latest.number {
			h.blame(m, "%s came to %s and was told %d, which was not the last", h.ID, h.channel, e.saying.number)
		}
	}
}

// first is the first subscription to the channel: what is told of it may come when there is another one.
func (l *life) first(channel string) *hearing {
	return l.all[slices.IndexFunc(l.all, func(h *hearing) bool { return h.channel == channel })]
}

// end is when the client stopped listening; zero: never.
func (h *hearing) end() (end time.Time) {
	for _, at := range []time.Time{h.to, h.socket.ended, h.left} {
		if !at.IsZero() && (end.IsZero() || at.Before(end)) {
			end = at
		}
	}
	return end
}

// everybodyHears checks that all have in the end what they want.
func (c *channels) everybodyHears() {
	for _, m := range c.members {
		switch l := m.life; {
		case m.gone:
		case l == nil || l.greeted.IsZero():
			c.blame(mark{client: m.name}, "%s is not connected in the end", m.name)
		default:
			for _, room := range m.wants {
				if h := l.hears[room]; h == nil || h.from.IsZero() {
					c.blame(of(l.ID), "%s does not hear %s in the end", l.ID, room)
				}
			}
			if l.signs && !l.signed {
				c.blame(of(l.ID), "%s is not signed in", l.ID)
			}
		}
	}
}

// everybodyKnows checks who is said to be there against who is.
func (c *channels) everybodyKnows() {
	for _, app := range apps {
		for _, room := range c.rooms(app) {
			if pusher.Channel(room).Presence() {
				c.presence(app, room)
			}
		}
		c.signedIn(app)
	}
}

func (c *channels) presence(app pusher.App, room string) {
	listed := map[string]bool{}
	owner := stream.Owner(app.ID, room)
	if r := c.rosters[owner]; r != nil && r.New != nil {
		for user := range r.New.Members {
			listed[user] = true
		}
	}
	must, may := map[string]bool{}, map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(c.lives)) {
		l := c.lives[id]
		if l.app.ID != app.ID || !l.socket.open {
			continue
		}
		for _, h := range l.all {
			now := l.hears[room] == h && l.left.IsZero()
			if h.channel == room && now {
				must[l.user] = true
			}
			if h.channel == room && (now || h.stuck) {
				may[l.user] = true
			}
			if h.channel == room && now && !maps.Equal(h.view, listed) {
				m := of(l.ID)
				m.owner = owner
				c.blame(m, "%s sees %v on %s, there are %v", l.ID, set(h.view), room, set(listed))
			}
		}
	}
	for _, user := range users {
		if must[user] && !listed[user] || listed[user] && !may[user] {
			c.blame(mark{owner: owner}, "%s is on %s of %s: %v; listed: %v", user, room, app.ID, must[user], listed[user])
		}
	}
}

func set(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// signedIn checks what those know who watch others.
func (c *channels) signedIn(app pusher.App) {
	online := map[string]bool{}
	for _, l := range c.lives {
		if l.app.ID == app.ID && l.socket.open && l.left.IsZero() && l.signed {
			online[l.user] = true
		}
	}
	for _, m := range c.members {
		if m.app.ID != app.ID || m.life == nil || !m.life.signed || m.life.untold {
			continue
		}
		for _, user := range users {
			if user != m.user && m.life.online[user] != online[user] {
				c.blame(mark{client: m.name, owner: stream.Owner(app.ID, string(pusher.UserChannel(user)))}, "%s sees %s online: %v, it is %v", m.life.ID, user, m.life.online[user], online[user])
			}
		}
	}
}

// nothingIsLeft checks that no row is of a connection that is gone, and which channels count as occupied.
func (c *channels) nothingIsLeft() {
	occupied, taken, count := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, row := range c.db.scan("Connections") {
		if at, err := strconv.ParseInt(row["expiresAt"], 10, 64); err == nil && at <= time.Now().Unix() {
			continue
		}
		kind, app := row["pk"], ""
		if before, after, ok := strings.Cut(kind, "#"); ok {
			kind, app = before, after
		}
		if kind == "occupied" {
			app, _, _ = strings.Cut(app, "#")
			occupied[app+" "+row["sk"]] = true
			continue
		}
		if id := connectionIn(row["sk"]); id != "" && !c.gateway.sockets[id].open {
			c.blame(of(id), "a row of %s is left: %s %s", id, row["pk"], row["sk"])
		}
		if channel, ok := strings.CutPrefix(app, "channel/"); kind == "topic" && ok {
			channel = strings.Replace(channel, "/", " ", 1)
			taken[channel] = true
			count[channel]++
		}
	}
	for _, row := range c.db.scan("Content") {
		if id := connectionIn(row["id"]); id != "" && !c.gateway.sockets[id].open {
			c.blame(of(id), "an item of %s is left: %s %s", id, row["owner"], row["id"])
		}
	}
	c.counted(count)
	if !maps.Equal(occupied, taken) {
		for _, one := range set(taken) {
			if !occupied[one] && !c.uncertain(one) {
				c.fail("%s is occupied, and does not count as that", one)
			}
			delete(occupied, one)
		}
		for _, one := range set(occupied) {
			if !c.uncertain(one) {
				c.fail("nobody is on %s, which counts as occupied", one)
			}
		}
	}
}

// uncertain reports whether a message about the channel may have ended before it noted that somebody is
// there, or had others look whether anybody is.
func (c *channels) uncertain(channel string) bool {
	for _, l := range c.lives {
		for _, h := range l.all {
			if (h.stuck || h.flawed) && h.app.ID+" "+h.channel == channel {
				return true
			}
		}
	}
	return false
}

// counted checks how many subscriptions there are said to be.
func (c *channels) counted(count map[string]int) {
	for _, m := range c.members {
		if m.life == nil || !m.app.SubscriptionCount {
			continue
		}
		for _, room := range slices.Sorted(maps.Keys(m.life.hears)) {
			h, at := m.life.hears[room], m.app.ID+" "+room
			if !pusher.Channel(room).Presence() && h.count != count[at] && !c.uncertain(at) {
				mk := of(h.ID)
				mk.owner = stream.Owner(m.app.ID, room)
				c.blame(mk, "%s is told of %d subscriptions to %s, there are %d", h.ID, h.count, room, count[at])
			}
		}
	}
}

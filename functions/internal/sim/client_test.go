package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// client is a program that listens, and comes back when its connection ends.
type client struct {
	*world
	name, account string
	// ids says that it asks for ids, and resumes.
	ids     bool
	sockets int
	socket  *socket
	wants   []stream.Subscription
	// last is the id of the last frame of each subscription.
	last map[string]string
	// since is from when on everything is due to it that a subscription hears, over all its connections.
	since map[string]time.Time
	// gone says that it never comes back.
	gone bool
}

// busy is how long clients and authors do something; after that things heal.
const busy = 90 * time.Second

func newClient(w *world, n int) *client {
	c := &client{
		world: w, name: fmt.Sprint("c", n), account: w.pick(accounts), ids: w.chance(0.4),
		last: map[string]string{}, since: map[string]time.Time{},
	}
	for _, sub := range c.choices() {
		if w.chance(0.4) {
			c.wants = append(c.wants, sub)
		}
	}
	w.after(w.between(0, 20*time.Second), c.connect)
	w.after(w.between(0, 10*time.Second), c.act)
	return c
}

// choices are what it may listen to.
func (c *client) choices() []stream.Subscription {
	return []stream.Subscription{
		{Stream: stream.User}, {Stream: stream.UserNotification}, {Stream: stream.Public}, {Stream: stream.PublicLocal},
		{Stream: stream.Hashtag, Param: tags[0]}, {Stream: stream.Hashtag, Param: tags[1]}, {Stream: stream.List, Param: listOf(c.account)},
	}
}

func (c *client) connect() {
	if c.gone || c.socket != nil {
		return
	}
	h := mastodon.Handshake{Credentials: mastodon.Credentials{AccessToken: c.account}, EventIDs: c.ids}
	resumed := ""
	if len(c.wants) > 0 && c.chance(0.6) {
		sub := c.wants[0]
		h.Params, resumed = params(sub), sub.Key()
		if c.ids {
			h.LastEventID = c.last[sub.Key()]
		}
	}
	c.socket = c.gateway.connect(c, h)
	c.socket.resumed[resumed] = h.LastEventID != ""
}

func params(sub stream.Subscription) mastodon.Params {
	p := mastodon.Params{Stream: string(sub.Stream)}
	switch {
	case sub.Stream.TakesTag():
		p.Tag = sub.Param
	case sub.Stream.TakesList():
		p.List = sub.Param
	}
	return p
}

// hear implements program.
func (c *client) hear(ctx context.Context, a *actor, in mastodon.Incoming) {
	a.receives().Receive(ctx, in, a.world.log)
}

// leave implements program.
func (c *client) leave(ctx context.Context, a *actor, connection stream.Connection) error {
	return table{a}.Close(ctx, connection)
}

// connected is when the socket is open: all is subscribed to that it wants and the URL did not name.
func (c *client) connected(s *socket) {
	for _, sub := range c.wants {
		if _, named := s.resumed[sub.Key()]; !named {
			c.subscribe(s, sub)
		}
	}
}

func (c *client) subscribe(s *socket, sub stream.Subscription) {
	id := ""
	if c.ids {
		id = c.last[sub.Key()]
	}
	if id != "" {
		c.saw("a client that resumes")
	}
	s.resumed[sub.Key()] = id != ""
	c.say(s, "subscribe", sub, id)
}

func (c *client) say(s *socket, kind string, sub stream.Subscription, id string) {
	p := params(sub)
	m := map[string]string{"type": kind, "stream": p.Stream, "tag": p.Tag, "list": p.List}
	if id != "" {
		m["last_event_id"] = id
	}
	text, _ := json.Marshal(m) // strings always marshal
	c.gateway.send(s, string(text))
}

// act does what clients do now and then.
func (c *client) act() {
	if c.gone || time.Since(c.start) > busy {
		return
	}
	c.after(c.between(2*time.Second, 10*time.Second), c.act)
	s := c.socket
	if s == nil || !s.open {
		return
	}
	switch n := c.random.IntN(20); {
	case c.chance(c.weather.drops):
		c.drop(s, c.chance(0.1))
	case n == 0:
		c.gone = c.chance(0.5)
		c.gateway.close(s, "by its client")
	case n < 4:
		c.toggle(s)
	}
}

// drop loses the connection. API Gateway may not see that for a while.
func (c *client) drop(s *socket, forever bool) {
	c.gone = forever
	if !c.chance(c.weather.unseen) {
		c.gateway.close(s, "dropped")
		return
	}
	c.saw("a client that vanishes")
	c.note(of(s.ID), "%s vanishes", s.ID)
	s.left = time.Now()
	if !c.chance(0.2) {
		c.after(c.between(100*time.Millisecond, 40*time.Second), func() { c.gateway.close(s, "vanished") })
	}
	c.lost(s)
}

// toggle subscribes to something, or ends a subscription.
func (c *client) toggle(s *socket) {
	all := c.choices()
	sub := all[c.random.IntN(len(all))]
	if i := slices.Index(c.wants, sub); i >= 0 {
		c.wants = slices.Delete(c.wants, i, i+1)
		delete(c.last, sub.Key())
		delete(c.since, sub.Key())
		c.say(s, "unsubscribe", sub, "")
		return
	}
	c.wants = append(c.wants, sub)
	c.subscribe(s, sub)
}

// lost is when the client knows that the connection is no more. It comes back.
func (c *client) lost(s *socket) {
	if c.socket != s {
		return
	}
	c.socket = nil
	c.after(c.between(200*time.Millisecond, 5*time.Second), c.connect)
}

// receive takes a frame. What was refused is asked for again.
func (c *client) receive(s *socket, f frame) {
	if f.Error != "" {
		c.retry(s)
		return
	}
	if f.ID != "" {
		c.last[f.key()] = f.ID
	}
	c.check.arrive(s, f)
}

// retry asks again for all that it wants, in a while: an error does not say what it is about.
func (c *client) retry(s *socket) {
	if s.retrying {
		return
	}
	s.retrying = true
	c.after(time.Second, func() {
		s.retrying = false
		if c.socket != s {
			return
		}
		for _, sub := range c.wants {
			c.subscribe(s, sub)
		}
	})
}

// mapped is when the table has a subscription of the client's. What is said from then on is due to it,
// or has been already if it goes on behind an id.
func (c *client) mapped(l *listening) {
	if _, began := c.since[l.Key()]; !began || !l.resumed[l.Key()] {
		c.since[l.Key()] = l.from
	}
}

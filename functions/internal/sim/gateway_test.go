package sim

import (
	"context"
	"fmt"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// gateway is API Gateway: sockets, their functions, and the management API.
type gateway struct {
	*world
	sockets map[string]*socket
	all     []*socket
}

// program is what a socket is of, and has its protocol's functions invoked.
type program interface {
	// connected, lost and receive are what it is told.
	connected(*socket)
	lost(*socket)
	receive(*socket, frame)
	// hear handles a message on an instance of subscribe, and leave is $disconnect.
	hear(ctx context.Context, a *actor, in mastodon.Incoming)
	leave(ctx context.Context, a *actor, c stream.Connection) error
}

// socket is one connection, from its handshake on.
type socket struct {
	stream.Connection
	program
	// client is the program, if it is one of Mastodon's protocol.
	client *client
	open   bool
	// opened and ended are when the handshake was answered and the connection ended; ended is set
	// too if it was refused. taken is when its row was removed.
	opened, ended, taken time.Time
	// left is when its client went without a word; the gateway does not know.
	left time.Time
	// active is when a message last went either way, and said the time of the client's last one.
	active, said time.Time
	slowUntil    time.Time
	// untold says that its client could neither be told that a subscription is refused, nor closed.
	untold bool
	// retrying says that the client is about to ask again for what it wants.
	retrying bool
	// resumed are the subscriptions that were asked for with an id.
	resumed  map[string]bool
	listened []*listening
	arrivals map[string][]arrival
	// unknown are the records of which a post ended without an answer.
	unknown map[int]bool
	// given are how many greeters were given a record and have not posted it.
	given map[int]int
}

// connect begins a handshake.
func (g *gateway) connect(c *client, h mastodon.Handshake) *socket {
	c.sockets++
	s := g.socket(fmt.Sprint(c.name, ".", c.sockets), c)
	s.client, h.Connection = c, s.Connection
	g.note(of(s.ID), "%s connects as %s: %s%s%s %s", c.name, s.ID, h.Stream, h.Tag, h.List, h.LastEventID)
	g.admit(s, func(ctx context.Context, a *actor) error { return a.admits().Connect(ctx, h, g.log) })
	return s
}

func (g *gateway) socket(id string, p program) *socket {
	s := &socket{
		Connection: stream.Connection{ID: id, ConnectedAt: time.Now().UTC().Truncate(time.Millisecond)}, program: p,
		resumed: map[string]bool{}, arrivals: map[string][]arrival{}, unknown: map[int]bool{}, given: map[int]int{},
	}
	g.sockets[id] = s
	g.all = append(g.all, s)
	return s
}

// admit invokes $connect.
func (g *gateway) admit(s *socket, connect func(context.Context, *actor) error) {
	a := g.actor("connect")
	a.invoke(10*time.Second, func(ctx context.Context) error { return connect(ctx, a) }, func(err error) {
		g.after(g.opening(), func() { g.answer(s, err) })
	})
}

// opening is how long it takes until a connection that was admitted is open.
func (g *gateway) opening() time.Duration {
	if !g.calm && g.chance(g.weather.slow[posts]) {
		return g.between(100*time.Millisecond, 900*time.Millisecond)
	}
	return g.between(time.Millisecond, 100*time.Millisecond)
}

func (g *gateway) answer(s *socket, err error) {
	if err != nil {
		s.ended = time.Now()
		g.note(of(s.ID), "%s is refused: %v", s.ID, err)
		s.lost(s)
		return
	}
	s.open, s.opened, s.active = true, time.Now(), time.Now()
	g.note(of(s.ID), "%s is open", s.ID)
	s.connected(s)
}

// send takes a message of the client's, which is handled beside all others.
func (g *gateway) send(s *socket, body string) { g.sendThen(s, body, nil) }

// sendThen calls then when the message's invocation has ended. It does nothing on a connection that is not there.
func (g *gateway) sendThen(s *socket, body string, then func(*actor, error)) {
	if !s.open || !s.left.IsZero() {
		return
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	if !at.After(s.said) {
		at = s.said.Add(time.Millisecond)
	}
	s.said, s.active = at, time.Now()
	g.note(of(s.ID), "%s sends %s", s.ID, body)
	g.after(g.between(0, 20*time.Millisecond), func() {
		a := g.actor("subscribe")
		a.invoke(10*time.Second, func(ctx context.Context) error {
			s.hear(ctx, a, mastodon.Incoming{Connection: s.Connection, At: at, Body: body})
			return nil
		}, func(err error) {
			if err != nil {
				s.receive(s, frame{Error: "Internal server error"})
			}
			if then != nil {
				then(a, err)
			}
		})
	})
}

// close ends the connection, and has its function called, if that is not forgotten.
func (g *gateway) close(s *socket, why string) {
	if !s.open {
		return
	}
	s.open, s.ended = false, time.Now()
	g.note(of(s.ID), "%s is closed: %s", s.ID, why)
	if s.left.IsZero() {
		s.lost(s)
	}
	delay := g.between(time.Millisecond, 100*time.Millisecond)
	if !g.calm {
		if g.chance(g.weather.forgotten) {
			g.saw("a $disconnect that never comes")
			return
		}
		if g.chance(g.weather.late) {
			g.saw("a late $disconnect")
			delay = g.between(time.Second, 30*time.Second)
		}
	}
	g.after(delay, func() {
		a := g.actor("disconnect")
		a.invoke(10*time.Second, func(ctx context.Context) error { return s.leave(ctx, a, s.Connection) }, func(error) {})
	})
}

// taken notes that the connection's row is removed.
func (g *gateway) taken(id string) { g.sockets[id].taken = time.Now() }

// idle closes what has been idle for too long.
func (g *gateway) idle() {
	for _, s := range g.all {
		if s.open && time.Since(s.active) >= sweep.Idle {
			g.close(s, "idle")
		}
	}
	g.after(10*time.Second, g.idle)
}

// reach is the socket of a call, if the account may call and the socket is there.
func (g *gateway) reach(id string) (*socket, error) {
	if err := g.take(); err != nil {
		return nil, err
	}
	s := g.sockets[id]
	switch {
	case s.open:
		return s, nil
	case s.ended.IsZero():
		g.saw("a call to a connection that is not open yet")
	default:
		g.saw("a call to a connection that is gone")
	}
	return nil, stream.ErrGone
}

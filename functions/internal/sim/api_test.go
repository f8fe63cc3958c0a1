package sim

import (
	"context"
	"fmt"
	"time"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// api is the management API as one instance uses it.
type api struct{ *actor }

var (
	_ publish.Poster  = api{}
	_ sweep.Transport = api{}
)

// Post implements publish.Poster.
func (a api) Post(ctx context.Context, id string, frame []byte) error {
	f := parse(frame)
	f.by = a.kind
	return a.do(ctx, operation{
		class: posts, what: fmt.Sprintf("posts %s to %s", f, id),
		about:  func() mark { return a.about(id, f) },
		effect: func() error { return a.gateway.post(id, f) },
		unsure: func() {
			a.saw("a post whose outcome is unknown")
			a.unsure(id, f)
		},
	})
}

// about is whom a frame concerns.
func (w *world) about(id string, f frame) mark {
	m := of(id)
	if r := w.scene.recordOf(id, f); r != nil {
		m.records = []*record{r}
	}
	return m
}

// unsure notes that the frame may come again.
func (w *world) unsure(id string, f frame) {
	if r := w.scene.recordOf(id, f); r != nil {
		w.gateway.sockets[id].unknown[r.number] = true
	}
}

func (g *gateway) post(id string, f frame) error {
	s, err := g.reach(id)
	switch {
	case err != nil:
		return err
	case time.Now().Before(s.slowUntil):
		g.saw("a post to a slow client")
		return stream.ErrThrottled
	}
	if !g.calm && g.chance(g.weather.slowClients/10) {
		s.slowUntil = time.Now().Add(g.between(100*time.Millisecond, 15*time.Second))
	}
	s.active = time.Now()
	if s.left.IsZero() {
		s.receive(s, f)
	} else {
		g.saw("a post to a client that has vanished")
	}
	return nil
}

// Disconnect implements publish.Poster.
func (a api) Disconnect(ctx context.Context, id string) error {
	return a.call(ctx, id, "disconnects", func(s *socket) {
		a.saw("a connection closed by " + a.kind)
		a.gateway.close(s, "by "+a.name)
	})
}

// Active implements sweep.Transport.
func (a api) Active(ctx context.Context, id string) (at time.Time, err error) {
	err = a.call(ctx, id, "asks for", func(s *socket) { at = s.active })
	return at, err
}

// call makes a call about a connection that is there.
func (a api) call(ctx context.Context, id, what string, do func(*socket)) error {
	err := a.do(ctx, operation{
		class: posts, what: what + " " + id, about: func() mark { return of(id) },
		effect: func() error {
			s, err := a.gateway.reach(id)
			if err == nil {
				do(s)
			}
			return err
		},
	})
	if err != nil && a.kind == "subscribe" {
		a.submit(a.name+" cannot close "+id, func() { a.gateway.sockets[id].untold = true })
	}
	return err
}

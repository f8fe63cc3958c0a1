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

// reader is a client of Mastodon's protocol with a token, and logs in again when that has ended.
type reader struct {
	*grants
	name, account string
	token         *token
	tokens        int
	sockets       int
	visit         *visit
	wants         []stream.Subscription
	gone          bool
}

// visit is one connection of a reader.
type visit struct {
	*reader
	*socket
	token *token
	tuned []*tuned
	// named is the one that the handshake asked for; nil: none.
	named *tuned
	got   []arrival
	// told are the times at which it was told that filters have changed.
	told []time.Time
}

// tuned is one subscription of a visit, from when on it surely was.
type tuned struct {
	*visit
	stream.Subscription
	from time.Time
}

func newReader(g *grants, n int) *reader {
	r := &reader{grants: g, name: fmt.Sprint("m", n), account: g.pick(accounts)}
	for _, sub := range []stream.Subscription{{Stream: stream.User}, {Stream: stream.Public}, {Stream: stream.UserNotification}, {Stream: stream.List, Param: listOf(r.account)}} {
		if g.chance(0.6) {
			r.wants = append(r.wants, sub)
		}
	}
	g.after(g.between(0, 20*time.Second), r.connect)
	g.after(g.between(0, 10*time.Second), r.act)
	return r
}

func (r *reader) connect() {
	if r.gone || r.visit != nil {
		return
	}
	if t := r.token; t == nil || t.revoked != nil || !t.expires.IsZero() && !time.Now().Before(t.expires) {
		r.tokens++
		r.token = r.issue(fmt.Sprint(r.name, "-token-", r.tokens), r.account)
	}
	r.sockets++
	v := &visit{reader: r, socket: r.gateway.socket(fmt.Sprint(r.name, ".", r.sockets), nil), token: r.token}
	v.socket.program = v
	r.visit, r.visits = v, append(r.visits, v)
	h := mastodon.Handshake{Connection: v.Connection, Credentials: mastodon.Credentials{AccessToken: v.token.text}}
	if len(r.wants) > 0 && r.chance(0.6) {
		h.Params = params(r.wants[0])
		v.named = &tuned{visit: v, Subscription: r.wants[0]}
		v.tuned = append(v.tuned, v.named)
	}
	r.note(of(v.ID), "%s connects with %s: %s", v.ID, v.token.text, h.Stream)
	r.gateway.admit(v.socket, func(ctx context.Context, a *actor) error {
		ctx, cancel := early(ctx)
		defer cancel()
		return r.admits(a).Connect(ctx, h, r.world.log)
	})
}

// connected implements program.
func (v *visit) connected(*socket) {
	for _, t := range v.tuned {
		t.from = time.Now()
	}
	for _, sub := range v.wants {
		if !slices.ContainsFunc(v.tuned, func(t *tuned) bool { return t.Subscription == sub }) {
			t := &tuned{visit: v, Subscription: sub}
			v.tuned = append(v.tuned, t)
			t.subscribe()
		}
	}
}

// subscribe asks until it is done.
func (t *tuned) subscribe() {
	if !t.from.IsZero() || t.reader.visit != t.visit || t.taken() != nil {
		return
	}
	body, _ := json.Marshal(map[string]string{"type": "subscribe", "stream": string(t.Stream), "list": t.Param}) // texts always marshal
	t.gateway.sendThen(t.socket, string(body), func(a *actor, err error) {
		if err == nil && !a.complained && t.from.IsZero() {
			t.from = time.Now()
		}
	})
	t.after(patience, t.subscribe)
}

// act does what clients do now and then.
func (r *reader) act() {
	if r.gone || time.Since(r.start) > busy {
		return
	}
	r.after(r.between(2*time.Second, 10*time.Second), r.act)
	v := r.visit
	if v == nil || !v.open || !r.chance(r.weather.drops/2) {
		return
	}
	r.gone = r.chance(0.1)
	if !r.chance(r.weather.unseen) {
		r.gateway.close(v.socket, "dropped")
		return
	}
	r.note(of(v.ID), "%s vanishes", v.ID)
	v.left = time.Now()
	r.after(r.between(100*time.Millisecond, 40*time.Second), func() { r.gateway.close(v.socket, "vanished") })
	v.lost(v.socket)
}

// lost implements program: the reader comes back.
func (v *visit) lost(*socket) {
	if v.reader.visit == v {
		v.reader.visit = nil
		v.after(v.between(200*time.Millisecond, 5*time.Second), v.connect)
	}
}

// receive implements program.
func (v *visit) receive(_ *socket, f frame) {
	n, ok := v.app.numberOf(f)
	switch {
	case f.Error != "" && v.named != nil: // it may be what is refused
		v.named.from = time.Time{}
		v.after(time.Second, v.named.subscribe)
	case f.Event == "filters_changed":
		v.told = append(v.told, time.Now())
	case ok:
		v.arrive(f, v.records[n])
	}
}

// hear and leave implement program.
func (v *visit) hear(ctx context.Context, a *actor, in mastodon.Incoming) {
	ctx, cancel := early(ctx)
	defer cancel()
	p := &parts{actor: a}
	v.receives(a).Receive(ctx, in, p.log())
	a.complained = p.complaints.Load() > 0
}

func (v *visit) leave(ctx context.Context, a *actor, c stream.Connection) error {
	return v.connections(a).Close(ctx, c)
}

package sim

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// rows is the Connections table: the plainest store that keeps the contract, and what the real one,
// which makes several requests, can leave behind when they are cut off.
type rows struct {
	*world
	memory   *connectiontest.Memory
	sessions map[string]stream.Session
	progress sweep.Progress
	// left are mappings of connections that are gone, and of which only a publisher that meets them
	// hears.
	left map[leftover]stream.Listener
	// mapped is what each connection listens to, as the table has it now.
	mapped map[leftover]*listening
}

type leftover struct{ id, key string }

// listening is one subscription of a connection, while the table had it.
type listening struct {
	*socket
	stream.Subscription
	// from and to are when it was made, and ended: zero, not yet.
	from, to time.Time
	// told says that the client ended it itself, or was told of its end.
	told bool
}

func newRows(w *world) *rows {
	return &rows{
		world: w, memory: connectiontest.NewMemory(connectiontest.Limits{Subscriptions: 100, Connections: 1000}),
		sessions: map[string]stream.Session{}, left: map[leftover]stream.Listener{}, mapped: map[leftover]*listening{},
	}
}

// begin notes a subscription that the table has from now on.
func (r *rows) begin(id string, sub stream.Subscription) {
	at := leftover{id, sub.Key()}
	if r.mapped[at] == nil {
		l := &listening{socket: r.gateway.sockets[id], Subscription: sub, from: time.Now()}
		r.mapped[at] = l
		l.socket.listened = append(l.socket.listened, l)
		l.socket.client.mapped(l)
	}
}

// end notes one that it has no more.
func (r *rows) end(id, key string, told bool) {
	at := leftover{id, key}
	if l := r.mapped[at]; l != nil {
		l.to, l.told = time.Now(), told
		delete(r.mapped, at)
	}
}

// keys are the subscriptions that the connection holds, in their order.
func (r *rows) keys(id string) (keys []string) {
	for at := range r.mapped {
		if at.id == id {
			keys = append(keys, at.key)
		}
	}
	slices.Sort(keys)
	return keys
}

// take removes the connection's row, and leaves its mappings for unmap to remove.
func (r *rows) take(id string) (was bool) {
	s, ok := r.sessions[id]
	if !ok {
		return false
	}
	for _, key := range r.keys(id) {
		sub := r.mapped[leftover{id, key}].Subscription
		for _, l := range r.listeners(s.Topic(sub)) {
			if l.ID == id && l.Key() == key {
				r.left[leftover{id, key}] = l
			}
		}
		r.end(id, key, false)
	}
	r.gateway.taken(id)
	delete(r.sessions, id)
	_ = r.memory.Close(context.Background(), s.Connection) // it never fails
	return true
}

// unmap removes what take has left; of one whose row somebody else took, only what was found.
func (r *rows) unmap(id string, found func(stream.Listener) bool) {
	for at, l := range r.left {
		if at.id == id && found(l) {
			if time.Since(r.gateway.sockets[id].taken) > time.Minute {
				r.saw("a mapping found that was left")
			}
			delete(r.left, at)
		}
	}
}

// listeners are in an order that means nothing and is always the same.
func (r *rows) listeners(t stream.Topic) []stream.Listener {
	all, _ := r.memory.Listeners(context.Background(), t) // it never fails
	for _, l := range r.left {
		if l.Topic() == t || t.IsEveryone() && l.Stream == stream.User {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b stream.Listener) int {
		return strings.Compare(a.ID+" "+a.Key(), b.ID+" "+b.Key())
	})
	return slices.CompactFunc(all, func(a, b stream.Listener) bool { return a.ID == b.ID && a.Key() == b.Key() })
}

// opened are the connections that connected within the window.
func (r *rows) opened(w sweep.Window) (all []sweep.Socket) {
	for _, id := range slices.Sorted(maps.Keys(r.sessions)) {
		s := r.sessions[id]
		if !s.ConnectedAt.After(w.From) || s.ConnectedAt.After(w.To) {
			continue
		}
		one := sweep.Socket{Session: s}
		if keys := r.keys(id); len(keys) > 0 {
			one.Subscription = r.mapped[leftover{id, keys[0]}].Subscription
		}
		all = append(all, one)
	}
	return all
}

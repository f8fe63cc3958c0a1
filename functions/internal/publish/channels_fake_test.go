package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// venue is what a publisher needs of channels, in memory. Its mappings are the world's listeners.
type venue struct {
	w  *world
	mu sync.Mutex
	// fails fails a call; nil: none does.
	fails     func(call string) error
	cached    map[string]keptEvent
	reads     int
	apps      map[string]string
	asked     int
	hooks     []string
	recounts  []string
	forgotten []string
}

type keptEvent struct {
	pusher.Event
	sequence int
}

func newVenue(w *world) *venue { return &venue{w: w, cached: map[string]keptEvent{}} }

func (w *world) channels(v *venue, c Config) *Publisher {
	c.Members, c.Cache, c.Apps, c.Hooks = v, v, v, v
	return w.publisher(c)
}

func (v *venue) fail(call string) error {
	if v.fails == nil {
		return nil
	}
	return v.fails(call)
}

func (v *venue) Joined(_ context.Context, all []stream.Membership) error {
	return v.remap("joined", all, true)
}

func (v *venue) Left(_ context.Context, all []stream.Membership) error {
	return v.remap("left", all, false)
}

func (v *venue) remap(call string, all []stream.Membership, on bool) error {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	if err := v.fail(call); err != nil {
		return err
	}
	for _, m := range all {
		t := m.Topic()
		v.w.listeners[t] = slices.DeleteFunc(slices.Clone(v.w.listeners[t]), func(l stream.Listener) bool { return l.ID == m.Session.ID })
		if on {
			v.w.listeners[t] = append(v.w.listeners[t], listenerOf(m))
		}
	}
	return nil
}

func (v *venue) Forget(ctx context.Context, l stream.Listener) error {
	v.mu.Lock()
	v.forgotten = append(v.forgotten, l.ID+" of "+l.App)
	v.mu.Unlock()
	return v.w.Forget(ctx, l)
}

func (v *venue) Cached(_ context.Context, app, channel string) (pusher.Event, time.Duration, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	e, ok := v.cached[app+"/"+channel]
	return e.Event, time.Minute, ok, v.fail("cached")
}

func (v *venue) Cache(_ context.Context, app, channel string, e pusher.Event, sequence string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	n, err := strconv.Atoi(sequence)
	if err = errors.Join(err, v.fail("cache")); err == nil && v.cached[app+"/"+channel].sequence <= n {
		v.cached[app+"/"+channel] = keptEvent{e, n}
	}
	return err
}

func (v *venue) AppOf(_ context.Context, accounts []string) (map[string]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	found := map[string]string{}
	for _, a := range accounts {
		if app, ok := v.apps[a]; ok {
			found[a] = app
		}
	}
	return found, v.fail("apps")
}

func (v *venue) tell(format string, of ...any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := fmt.Sprintf(format, of...)
	if err := v.fail(text); err != nil {
		return err
	}
	v.hooks = append(v.hooks, text)
	return nil
}

func (v *venue) MembersAdded(_ context.Context, app, channel string, users ...string) error {
	return v.tell("added %s/%s %s", app, channel, strings.Join(users, " "))
}

func (v *venue) MembersLeft(_ context.Context, app, channel string, users ...string) error {
	return v.tell("left %s/%s %s", app, channel, strings.Join(users, " "))
}

func (v *venue) ClientEvent(_ context.Context, app, channel string, e pusher.Event) error {
	return v.tell("client %s/%s %s %s %s %s", app, channel, e.Name, e.Data, e.Except, e.User)
}

func (v *venue) CacheMiss(_ context.Context, app, channel string) error {
	return v.tell("miss %s/%s", app, channel)
}

func (v *venue) SubscriptionCount(_ context.Context, app, channel string, n int) error {
	return v.tell("count %s/%s %d", app, channel, n)
}

func (v *venue) Recount(_ context.Context, app, channel string, delay time.Duration) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.fail("recount"); err != nil {
		return err
	}
	v.recounts = append(v.recounts, fmt.Sprintf("%s/%s %v", app, channel, delay))
	return nil
}

// script writes the records of channels of app 4072 as Content's stream has them.
type script struct {
	rosters map[string]*stream.Item
	records []stream.Change
}

func (s *script) add(c stream.Change) int {
	n := len(s.records) + 1
	c.EventID, c.Sequence, c.At = fmt.Sprint("record", n), strconv.Itoa(n), time.Now()
	s.records = append(s.records, c)
	return n
}

// at are the records of these numbers.
func (s *script) from(n int) []stream.Change { return s.records[n-1:] }

func socket(id string) stream.Connection {
	return stream.Connection{ID: id, ConnectedAt: time.UnixMilli(1769900000123).UTC()}
}

// seat has a connection join a channel, or leave it.
func (s *script) seat(channel, user, id string, joined bool) int {
	owner := stream.Owner("4072", channel)
	if !strings.HasPrefix(channel, "presence-") {
		i := &stream.Item{Owner: owner, ID: "_subscription#" + stream.ConnectionKey(socket(id)), Kind: stream.KindSubscription}
		if joined {
			return s.add(stream.Change{Owner: owner, New: i})
		}
		return s.add(stream.Change{Owner: owner, Old: i})
	}
	old := s.rosters[channel]
	now := &stream.Item{Owner: owner, ID: "_roster", Kind: stream.KindRoster, Members: map[string]stream.Member{}}
	if old != nil {
		for u, m := range old.Members {
			now.Members[u] = stream.Member{Connections: maps.Clone(m.Connections)}
		}
	}
	if _, ok := now.Members[user]; !ok {
		now.Members[user] = stream.Member{Connections: map[stream.Connection]time.Time{}}
	}
	if joined {
		now.Members[user].Connections[socket(id)] = time.UnixMilli(int64(len(s.records)))
	} else if delete(now.Members[user].Connections, socket(id)); len(now.Members[user].Connections) == 0 {
		delete(now.Members, user)
	}
	if s.rosters == nil {
		s.rosters = map[string]*stream.Item{}
	}
	s.rosters[channel] = now
	return s.add(stream.Change{Owner: owner, Old: old, New: now})
}

func (s *script) join(channel, user, id string) int  { return s.seat(channel, user, id, true) }
func (s *script) leave(channel, user, id string) int { return s.seat(channel, user, id, false) }

// event says something on a channel: its number, "e5".
func (s *script) event(channel string) int { return s.say("event", channel, "") }

func (s *script) say(kind, channel, except string) int {
	n := len(s.records) + 1
	prefix := map[string]string{"event": "e", stream.KindClient: "client-"}[kind]
	owner := stream.Owner("4072", channel)
	payload := fmt.Sprintf(`{"name":"%s%d","data":"%d","socket_id":"%s"}`, prefix, n, n, except)
	return s.add(stream.Change{Owner: owner, New: &stream.Item{Owner: owner, ID: fmt.Sprint("event#", n), Kind: kind, Payload: []byte(payload)}})
}

func (s *script) counted(channel string) int {
	owner := stream.Owner("4072", channel)
	i := &stream.Item{Owner: owner, ID: "_count", Kind: stream.KindCount}
	return s.add(stream.Change{Owner: owner, Old: i, New: i})
}

// subscribe has a connection found on a channel that nobody joins.
func (w *world) subscribe(channel string, ids ...string) {
	t := stream.ChannelTopic("4072", channel)
	for _, id := range ids {
		w.listeners[t] = append(w.listeners[t], stream.Listener{Connection: socket(id), App: "4072",
			Subscription: stream.Subscription{Stream: stream.Channel, Param: channel}})
	}
}

// welcomed are the frames of who comes to a channel where these users are.
func welcomed(channel string, users ...string) string {
	if !strings.HasPrefix(channel, "presence-") {
		return "channel#" + channel + " " + stream.EventSubscribed + " {}"
	}
	var ids, hash []string
	for _, u := range users {
		ids = append(ids, strconv.Quote(u))
		hash = append(hash, strconv.Quote(u)+":null")
	}
	return fmt.Sprintf(`channel#%s %s {"presence":{"ids":[%s],"hash":{%s},"count":%d}}`, channel, stream.EventSubscribed,
		strings.Join(ids, ","), strings.Join(hash, ","), len(users))
}

func addedFrame(channel, user string) string {
	return fmt.Sprintf(`channel#%s %s {"user_id":"%s","user_info":null}`, channel, stream.EventMemberAdded, user)
}

func removedFrame(channel, user string) string {
	return fmt.Sprintf(`channel#%s %s {"user_id":"%s"}`, channel, stream.EventMemberRemoved, user)
}

func eventFrame(channel string, n int) string { return fmt.Sprintf("channel#%s e%d %d", channel, n, n) }

func missFrame(channel string) string {
	return "channel#" + channel + " " + stream.EventCacheMiss + " "
}

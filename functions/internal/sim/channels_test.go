package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// channels are those of apps, to which members listen. Here the adapters are real too: the database is
// an engine, each request of which is an operation.
type channels struct {
	*world
	db      *database
	members []*member
	lives   map[string]*life
	// said are the events, by where they are to be heard.
	events map[saying]*said
	// numbers is how many there are: each shows its own.
	numbers int
	// rosters are the records of presence channels that say who is there now.
	rosters map[string]*record
	hooks   hooks
	probes  int
	// mutate breaks what the functions use, to see whether that is found.
	mutate func(*actor, *parts)
}

// saying is one number on one channel.
type saying struct {
	app, channel string
	number       int
}

// said is an event as its author meant it, and its record once it has one.
type said struct {
	saying
	*record
	// except is the socket that must not hear it, and user who says it.
	except, user string
}

var apps = []pusher.App{
	{ID: "4072", Key: "k1", Secret: "s1", Enabled: true, ClientEvents: true, SubscriptionCount: true},
	{ID: "4073", Key: "k2", Secret: "s2", Enabled: true, ClientEvents: true},
}

// rooms are the channels that members listen to, and users who they are.
var (
	rooms = []string{"news", "private-desk", "presence-room", "presence-hall", "cache-price", "private-cache-score", "presence-cache-den", itemsRoom}
	users = []string{"u1", "u2", "u3", "u4"}
)

// itemsRoom shows the items of an account of the first app.
const itemsRoom, itemsOwner = "private-items_1", "1"

func newChannels(w *world) *channels {
	c := &channels{world: w, db: newDatabase(w), events: map[saying]*said{}, lives: map[string]*life{}, rosters: map[string]*record{}, mutate: w.spoil}
	c.hooks = hooks{channels: c}
	for _, app := range apps {
		flag := func(b bool) map[string]any { return map[string]any{"BOOL": b} }
		c.db.put("Accounts", map[string]any{
			"key": text("app#" + app.ID), "appKey": text(app.Key), "secret": text(app.Secret), "enabled": flag(app.Enabled),
			"clientEvents": flag(app.ClientEvents), "subscriptionCount": flag(app.SubscriptionCount), "webhooks": c.hooks.row(app),
		})
		c.db.put("Accounts", map[string]any{"key": text("appkey#" + app.Key), "app": text(app.ID)})
	}
	c.db.put("Accounts", map[string]any{"key": text("account#" + itemsOwner), "app": text(apps[0].ID)})
	c.db.follow("Content", c.feed)
	return c
}

func (c *channels) begin() {
	for n := range 3 + c.random.IntN(6) {
		c.members = append(c.members, newMember(c, n))
	}
	for range c.weather.splits {
		c.after(c.between(time.Second, busy), c.source.split)
	}
	for range 15 + c.random.IntN(50) {
		c.after(c.between(time.Second, busy), c.write)
	}
}

// heals is longer than it takes until a member that has vanished is found out.
func (c *channels) heals() time.Duration { return 6 * time.Minute }

// feed takes a record of Content's stream.
func (c *channels) feed(raw json.RawMessage) {
	r := &record{Change: dynamo.Change(raw), number: len(c.records), written: time.Now()}
	c.records = append(c.records, r)
	if r.Problem != nil {
		c.fail("a record of Content is malformed: %v", r.Problem)
	}
	if item := r.New; item != nil {
		for _, s := range c.sayings(item) {
			if s.record == nil { // what is tried again is written once, and what changes has another number
				s.record = r
			}
		}
	}
	for _, item := range []*stream.Item{r.Old, r.New} {
		if item != nil && item.Kind == stream.KindRoster {
			c.rosters[r.Owner] = r
		}
	}
	c.note(mark{owner: r.Owner, records: []*record{r}}, "%d: %s", r.number, describe(r.Change))
	c.source.put(r)
}

// describe is a change in a trace.
func describe(c stream.Change) string {
	switch {
	case c.New == nil:
		return "removed from " + c.Owner + ": " + c.Old.Kind
	case c.New.Members != nil:
		return fmt.Sprint(c.Owner, " ", c.New.Kind, " ", slices.Sorted(maps.Keys(c.New.Members)))
	case c.New.Kind == stream.KindSubscription:
		return c.Owner + " " + c.New.ID
	}
	return fmt.Sprintf("%s %s %s", c.Owner, c.New.Kind, c.New.Payload)
}

// sayings are the events that an item has, in their order.
func (c *channels) sayings(item *stream.Item) (all []*said) {
	find := func(app, channel string, data string) {
		n, ok := numberIn(data)
		if s := c.events[saying{app, channel, n}]; ok && s != nil {
			all = append(all, s)
			return
		}
		c.fail("nobody says what %s has: %s", item.Owner, item.Payload)
	}
	_, rest, _ := strings.Cut(item.Owner, "#")
	app, channel, _ := strings.Cut(rest, "#")
	switch item.Kind {
	case "event", stream.KindClient:
		var list []struct{ Data string }
		if json.Unmarshal(item.Payload, &list) != nil {
			list = make([]struct{ Data string }, 1)
			_ = json.Unmarshal(item.Payload, &list[0]) // it has no number otherwise
		}
		for _, e := range list {
			find(app, channel, e.Data)
		}
	case "item":
		find(apps[0].ID, itemsRoom, string(item.Payload))
	case "broadcast":
		for _, t := range item.Topics {
			find(t.App, t.Channel, string(item.Payload))
		}
	}
	return all
}

// numberIn is the number that an event shows.
func numberIn(data string) (int, bool) {
	var shown struct{ N *int }
	if json.Unmarshal([]byte(data), &shown) != nil || shown.N == nil {
		return 0, false
	}
	return *shown.N, true
}

// of is the event of which a socket of the member is sent a frame; nil: of none.
func (c *channels) of(m *member, f frame) *said {
	var data string
	if json.Unmarshal(f.Data, &data) != nil {
		return nil
	}
	n, ok := numberIn(data)
	if !ok {
		return nil
	}
	return c.events[saying{m.app.ID, f.Channel, n}]
}

func (c *channels) recordOf(id string, f frame) *record {
	if s := c.of(c.gateway.sockets[id].program.(*member), f); s != nil {
		return s.record
	}
	return nil
}

func (c *channels) publisher() *publisher { return c.parts("publish").publisher() }

func (c *channels) sweeps(a *actor) *sweep.Sweeper { return c.partsOf(a).sweeper() }

// say has a number said on a channel.
func (c *channels) say(n int, app, channel, except, user string) *said {
	s := &said{saying: saying{app, channel, n}, except: except, user: user}
	c.events[s.saying] = s
	return s
}

func (c *channels) next() int {
	c.numbers++
	return c.numbers
}

// probe says something everywhere, for those who are deaf, and what is left, to be found.
func (c *channels) probe() {
	if c.probes++; c.probes > 2 {
		return
	}
	c.after(probing/4, c.probe)
	for _, app := range apps {
		n, all := c.next(), slices.Clone(c.rooms(app))
		for _, user := range users { // nothing else may be said there, and a mapping that was left is found by an event
			all = append(all, string(pusher.UserChannel(user)))
		}
		for _, room := range all {
			c.say(n, app.ID, room, "", "")
		}
		c.trigger(app, n, all, "")
	}
}

// rooms are the channels of an app.
func (c *channels) rooms(app pusher.App) []string {
	if app.ID == apps[0].ID {
		return rooms
	}
	return rooms[:len(rooms)-1]
}

func (c *channels) finish() { c.checkAll() }

// run has a function do something in its time.
func (c *channels) run(kind string, timeout time.Duration, do func(context.Context, *parts) error, then func(*actor, error)) {
	p := c.parts(kind)
	p.invoke(timeout, func(ctx context.Context) error { return do(ctx, p) }, func(err error) { then(p.actor, err) })
}

package sim

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// write says something, as an application does: by the HTTP API, or as an item.
func (c *channels) write() {
	app := apps[0]
	if c.chance(0.2) {
		app = apps[1]
	}
	switch n := c.random.IntN(20); {
	case n < 10:
		c.sayOn(app, c.few(c.rooms(app)))
	case n < 13:
		c.sayMany(app)
	case n < 15:
		c.sayOn(app, []string{string(pusher.UserChannel(c.pick(users)))})
	case n < 18:
		c.putItem()
	case n < 19:
		c.broadcast(app)
	default:
		c.request(app, "/users/"+c.pick(users)+"/terminate_connections", nil)
	}
}

// few are one to three of them.
func (c *channels) few(all []string) (some []string) {
	first := c.random.IntN(len(all))
	for i := range 1 + c.random.IntN(3) {
		some = append(some, all[(first+i)%len(all)])
	}
	return some
}

// sayOn says one event on channels, perhaps to all but one socket.
func (c *channels) sayOn(app pusher.App, rooms []string) {
	n, except := c.next(), c.someSocket(app)
	for _, room := range rooms {
		c.say(n, app.ID, room, except, "")
	}
	c.trigger(app, n, rooms, except)
}

// someSocket is one that an event is not for; mostly none.
func (c *channels) someSocket(app pusher.App) string {
	for _, m := range c.members {
		if m.app.ID == app.ID && m.life != nil && c.chance(0.1) {
			return m.life.SocketID()
		}
	}
	return ""
}

func (c *channels) trigger(app pusher.App, n int, rooms []string, except string) {
	body := map[string]any{"name": "event", "channels": rooms, "data": fmt.Sprintf(`{"n":%d}`, n)}
	if except != "" {
		body["socket_id"] = except
	}
	c.request(app, "/events", body)
}

// sayMany says some events in one request, some of them on the same channel.
func (c *channels) sayMany(app pusher.App) {
	rooms := c.few(c.rooms(app))
	var batch []map[string]any
	for range 2 + c.random.IntN(4) {
		n, room := c.next(), c.pick(rooms)
		c.say(n, app.ID, room, "", "")
		batch = append(batch, map[string]any{"name": "event", "channel": room, "data": fmt.Sprintf(`{"n":%d}`, n)})
	}
	c.request(app, "/batch_events", map[string]any{"batch": batch})
}

// request makes a request of the HTTP API, once: what it says may be heard, or not.
func (c *channels) request(app pusher.App, path string, body map[string]any) {
	text, _ := json.Marshal(body) // it is plain
	if body == nil {
		text = []byte("{}")
	}
	sum := md5.Sum(text)
	path = "/apps/" + app.ID + path
	query := url.Values{"auth_key": {app.Key}, "auth_timestamp": {fmt.Sprint(time.Now().Unix())}, "auth_version": {"1.0"}, "body_md5": {hex.EncodeToString(sum[:])}}
	query.Set("auth_signature", pusher.Sign(app.Secret, pusher.RequestText("POST", path, query)))
	c.note(mark{}, "%s %s", path, text)
	c.run("api", 10*time.Second, func(ctx context.Context, p *parts) error {
		ctx, cancel := early(ctx)
		defer cancel()
		_, err := p.api().Serve(ctx, httpapi.Request{Method: "POST", Path: path, Query: query.Encode(), Body: text, At: time.Now()})
		return err
	}, func(_ *actor, err error) {
		if err != nil {
			c.note(mark{}, "%s is refused: %v", path, err)
		}
	})
}

// putItem shows an item that is new.
func (c *channels) putItem() {
	n := c.next()
	c.say(n, apps[0].ID, itemsRoom, "", "")
	c.run("api", 10*time.Second, func(ctx context.Context, p *parts) error {
		return p.items.Create(ctx, itemsOwner, fmt.Sprint(n), fmt.Appendf(nil, `{"n":%d}`, n))
	}, func(*actor, error) {})
}

// broadcast says something on channels as an item of the application's own, which has no place in the
// order of what is said there.
func (c *channels) broadcast(app pusher.App) {
	n, rooms := c.next(), c.few(c.rooms(app))
	item := stream.Item{Owner: "app", ID: fmt.Sprint("broadcast#", n), Kind: "broadcast", Event: "event", Payload: fmt.Appendf(nil, `{"n":%d}`, n)}
	for _, room := range rooms {
		c.say(n, app.ID, room, "", "")
		item.Topics = append(item.Topics, stream.Target{App: app.ID, Channel: room})
	}
	c.run("api", 10*time.Second, func(ctx context.Context, p *parts) error { return p.content.Put(ctx, item) }, func(*actor, error) {})
}

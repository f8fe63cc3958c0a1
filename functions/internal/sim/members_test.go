package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// member is a client of an app, which listens to channels and comes back when its connection ends.
type member struct {
	*channels
	name string
	app  pusher.App
	// user is who it is on presence channels, and signs says that it signs in as that, and watches the
	// others.
	user    string
	signs   bool
	sockets int
	life    *life
	wants   []string
	gone    bool
}

// life is what a member knows by one connection.
type life struct {
	*member
	*socket
	// greeted is when it was, and signed says that it is signed in.
	greeted time.Time
	signed  bool
	// untold says that it may be signed in and not have been told who else is.
	untold bool
	// heard is when anything last came.
	heard time.Time
	// hears are its subscriptions, and heardOf those that have been.
	hears map[string]*hearing
	all   []*hearing
	// open are its messages about each channel that are being handled.
	open map[string]int
	// online are those of the users whom it watches.
	online map[string]bool
}

// hearing is one subscription of a connection, as its client sees it.
type hearing struct {
	*life
	channel string
	// asked is when it was asked for, from when on it surely is, and to when it was to end.
	asked, from, to time.Time
	// handled says that a message was handled that asked for it, and answered that it was told so.
	handled, answered bool
	// denied says that the message under way was answered by an error.
	denied bool
	// stuck says that the message that was to end it may have done nothing.
	stuck bool
	tries int
	// times is how often it was told that it is subscribed, and view is who is there.
	times int
	view  map[string]bool
	count int
	got   []heard
	// fresh says that nothing has come since it was told, and missed that it was told that the channel
	// keeps nothing.
	fresh, missed bool
	// flawed says that a message that asked for it did not end well.
	flawed bool
}

// heard is an event that came, in one of the times that a hearing was told that it is one.
type heard struct {
	*said
	at   time.Time
	time int
	// kept says that it is what a cache channel keeps for who comes.
	kept bool
}

func newMember(c *channels, n int) *member {
	m := &member{channels: c, name: fmt.Sprint("m", n), app: apps[0], user: c.pick(users), signs: c.chance(0.4)}
	if c.chance(0.25) {
		m.app = apps[1]
	}
	for _, room := range c.rooms(m.app) {
		if c.chance(0.4) {
			m.wants = append(m.wants, room)
		}
	}
	c.after(c.between(0, 20*time.Second), m.connect)
	c.after(c.between(0, 10*time.Second), m.act)
	return m
}

func (m *member) connect() {
	if m.gone || m.life != nil {
		return
	}
	m.sockets++
	s := m.gateway.socket(fmt.Sprint(m.name, ".", m.sockets), m)
	l := &life{member: m, socket: s, hears: map[string]*hearing{}, open: map[string]int{}, online: map[string]bool{}}
	m.life, m.lives[s.ID] = l, l
	m.note(of(s.ID), "%s connects to %s", s.ID, m.app.ID)
	m.gateway.admit(s, func(ctx context.Context, a *actor) error {
		ctx, cancel := early(ctx)
		defer cancel()
		p := m.partsOf(a)
		return p.connect().Connect(ctx, pusher.Handshake{Connection: s.Connection, Key: m.app.Key, Protocol: "7"}, p.log())
	})
}

// patience is how long a member waits for an answer before it does something about it.
const patience = 15 * time.Second

// connected is when the socket is open: it waits to be greeted, which may not happen.
func (m *member) connected(s *socket) {
	l := m.lives[s.ID]
	l.heard = time.Now()
	m.after(patience, func() {
		if m.life == l && l.greeted.IsZero() {
			m.saw("a member that is not greeted")
			m.gateway.close(s, "not greeted")
		}
	})
	m.after(time.Minute, l.beat)
}

// beat asks whether the other side is there, when nothing has come for some time.
func (l *life) beat() {
	if l.member.life != l || !l.left.IsZero() {
		return
	}
	l.after(time.Minute, l.beat)
	switch quiet := time.Since(l.heard); {
	case quiet > 170*time.Second:
		l.gateway.close(l.socket, "quiet")
	case quiet > 100*time.Second:
		l.gateway.send(l.socket, `{"event":"pusher:ping","data":{}}`)
	}
}

// greet is when it may speak.
func (l *life) greet() {
	if !l.greeted.IsZero() {
		return
	}
	l.greeted = time.Now()
	if l.signs {
		l.signIn()
	}
	for _, room := range l.wants {
		l.subscribe(room)
	}
}

func (l *life) signIn() {
	if l.member.life != l || l.signed {
		return
	}
	watchlist := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return u == l.user })
	data, _ := json.Marshal(map[string]any{"id": l.user, "watchlist": watchlist}) // texts always marshal
	l.tell("pusher:signin", map[string]string{"user_data": string(data), "auth": l.app.Auth(pusher.UserText(l.SocketID(), string(data)))}, func(a *actor, err error) {
		l.untold = l.untold || err != nil || a.complained
	})
	l.after(patience, l.signIn)
}

// subscribe asks for a channel until it is told that it has it.
func (l *life) subscribe(channel string) {
	h := &hearing{life: l, channel: channel, asked: time.Now()}
	if before := l.ended(channel); before != nil {
		h.fresh = before.fresh // what it is told then is on its way
	}
	l.hears[channel] = h
	l.all = append(l.all, h)
	h.ask()
}

func (h *hearing) ask() {
	if h.member.life != h.life || h.hears[h.channel] != h || !h.from.IsZero() {
		return
	}
	if h.tries++; h.tries > 4 {
		h.saw("a member that gives a connection up as it is told nothing")
		h.gateway.close(h.socket, "told nothing")
		return
	}
	h.tell("pusher:subscribe", h.request(), func(a *actor, err error) {
		h.open[h.channel]--
		h.flawed = h.flawed || err != nil || a.complained
		h.handled, h.denied = !h.denied && (h.handled || err == nil), false
		h.settle()
	})
	h.open[h.channel]++
	h.after(patience, h.ask)
}

func (h *hearing) request() map[string]string {
	in := map[string]string{"channel": h.channel}
	switch c := pusher.Channel(h.channel); {
	case c.Presence():
		data := fmt.Sprintf(`{"user_id":%q}`, h.user)
		in["channel_data"], in["auth"] = data, h.app.Auth(pusher.ChannelText(h.SocketID(), h.channel, data))
	case c.Private():
		in["auth"] = h.app.Auth(pusher.ChannelText(h.SocketID(), h.channel))
	}
	return in
}

// settle is when it is known that the subscription stands: it is told so, and nothing that was said
// about the channel before can come any more.
func (h *hearing) settle() {
	if h.from.IsZero() && h.to.IsZero() && h.handled && h.answered && h.open[h.channel] == 0 && h.hears[h.channel] == h {
		h.from = time.Now()
		h.note(of(h.ID), "%s hears %s from here on", h.ID, h.channel)
	}
}

func (l *life) unsubscribe(channel string) {
	h := l.hears[channel]
	delete(l.hears, channel)
	h.to, h.stuck = time.Now(), true
	l.tell("pusher:unsubscribe", map[string]string{"channel": channel}, func(a *actor, err error) {
		l.open[channel]--
		h.stuck = err != nil || a.complained
		if h.stuck {
			l.saw("an unsubscribe that may have done nothing")
		}
		if now := l.hears[channel]; now != nil {
			now.settle()
		}
	})
	l.open[channel]++
}

// tell sends a message, and calls then when its invocation has ended, if it was sent.
func (l *life) tell(event string, data map[string]string, then func(*actor, error)) {
	body, _ := json.Marshal(map[string]any{"event": event, "data": data}) // texts always marshal
	l.gateway.sendThen(l.socket, string(body), then)
}

// act does what clients do now and then.
func (m *member) act() {
	if m.gone || time.Since(m.start) > busy {
		return
	}
	m.after(m.between(2*time.Second, 10*time.Second), m.act)
	l := m.life
	if l == nil || l.greeted.IsZero() {
		return
	}
	switch n := m.random.IntN(20); {
	case m.chance(m.weather.drops):
		m.drop(l, m.chance(0.1))
	case n == 0:
		m.gone = m.chance(0.5)
		m.gateway.close(l.socket, "by its client")
	case n < 6:
		m.toggle(l, m.rooms(m.app)[m.random.IntN(len(m.rooms(m.app)))])
	case n < 12:
		m.speak(l)
	case n < 14 && len(m.wants) > 0: // at once, so that the second message may be the first
		room := m.pick(m.wants)
		l.unsubscribe(room)
		l.subscribe(room)
	}
}

// drop loses the connection, as clients of streams do.
func (m *member) drop(l *life, forever bool) {
	m.gone = forever
	if !m.chance(m.weather.unseen) {
		m.gateway.close(l.socket, "dropped")
		return
	}
	m.saw("a client that vanishes")
	m.note(of(l.ID), "%s vanishes", l.ID)
	l.left = time.Now()
	if !m.chance(0.2) {
		m.after(m.between(100*time.Millisecond, 40*time.Second), func() { m.gateway.close(l.socket, "vanished") })
	}
	m.lost(l.socket)
}

func (m *member) toggle(l *life, room string) {
	if i := slices.Index(m.wants, room); i >= 0 {
		m.wants = slices.Delete(m.wants, i, i+1)
		l.unsubscribe(room)
		return
	}
	m.wants = append(m.wants, room)
	l.subscribe(room)
}

// speak says something to the others on a channel of its own.
func (m *member) speak(l *life) {
	for _, room := range m.wants {
		h := l.hears[room]
		if h == nil || h.from.IsZero() || !pusher.Channel(room).Private() || m.chance(0.5) {
			continue
		}
		n, user := m.next(), ""
		if pusher.Channel(room).Presence() {
			user = m.user
		}
		m.channels.say(n, m.app.ID, room, l.SocketID(), user)
		m.gateway.send(l.socket, fmt.Sprintf(`{"event":"client-x","channel":%q,"data":{"n":%d}}`, room, n))
		return
	}
}

// lost is when the member knows that the connection is no more. It comes back.
func (m *member) lost(s *socket) {
	if m.life == nil || m.life.socket != s {
		return
	}
	m.life = nil
	m.after(m.between(200*time.Millisecond, 5*time.Second), m.connect)
}

// hear implements program.
func (m *member) hear(ctx context.Context, a *actor, in mastodon.Incoming) {
	ctx, cancel := early(ctx)
	defer cancel()
	p := m.partsOf(a)
	p.messages().Receive(ctx, pusher.Incoming(in), p.log())
	a.complained = p.complaints.Load() > 0
}

// leave implements program.
func (m *member) leave(ctx context.Context, a *actor, c stream.Connection) error {
	ctx, cancel := early(ctx)
	defer cancel()
	_, err := m.partsOf(a).departure.Close(ctx, c)
	return err
}

// receive implements program.
func (m *member) receive(s *socket, f frame) {
	l := m.lives[s.ID]
	l.heard = time.Now()
	h := l.hears[f.Channel]
	switch f.Event {
	case pusher.Established:
		l.greet()
	case "pusher:ping":
		m.gateway.send(s, `{"event":"pusher:pong","data":{}}`)
	case "pusher:pong", "": // "" is API Gateway's own error: nobody knows what it is about
	case pusher.SignedIn:
		if l.signed = true; l.hears[string(pusher.UserChannel(m.user))] == nil {
			l.subscribe(string(pusher.UserChannel(m.user)))
		}
	case pusher.Watched:
		l.watched(f)
	case pusher.Failed:
		l.failed(f)
	case pusher.NotSubscribed:
		if h != nil && h.from.IsZero() { // whatever else it may have been told of that attempt
			h.denied, h.answered = true, false
			m.after(time.Second, h.ask)
		}
	default:
		l.channel(h, f)
	}
}

// failed is when it is told of an error: that it is subscribed already is good news.
func (l *life) failed(f frame) {
	var data struct{ Message string }
	_ = json.Unmarshal(f.Data, &data) // it says nothing then
	channel, ok := strings.CutPrefix(data.Message, "Existing subscription to channel ")
	if h := l.hears[channel]; ok && h != nil && !pusher.Channel(channel).Joins() {
		h.answered = true
		h.settle()
	}
}

// watched is news of the users that it watches.
func (l *life) watched(f frame) {
	var data struct {
		Events []struct {
			Name  string
			Users []string `json:"user_ids"`
		}
	}
	_ = json.Unmarshal(f.Data, &data) // of nobody then
	for _, e := range data.Events {
		for _, user := range e.Users {
			l.online[user] = e.Name == "online"
		}
	}
}

// channel is a frame of a channel. h is nil where it is not subscribed.
func (l *life) channel(h *hearing, f frame) {
	var data struct {
		User     string `json:"user_id"`
		Presence struct{ IDs []string }
		Count    int `json:"subscription_count"`
	}
	var inner string
	if json.Unmarshal(f.Data, &inner) == nil {
		_ = json.Unmarshal([]byte(inner), &data) // an event's may be anything
	} else {
		_ = json.Unmarshal(f.Data, &data)
	}
	switch {
	case f.Event == pusher.Subscribed && h != nil:
		h.subscribed(data.Presence.IDs)
	case f.Event == pusher.Subscribed:
		if h := l.ended(f.Channel); h != nil {
			h.times, h.fresh = h.times+1, true
		}
	case strings.HasPrefix(f.Event, "pusher") && (h == nil || h.times == 0): // of a subscription before
	case f.Event == pusher.MemberAdded:
		h.view[data.User] = true
	case f.Event == pusher.MemberRemoved:
		delete(h.view, data.User)
	case f.Event == pusher.Counted:
		h.count = data.Count
	case f.Event == pusher.CacheMiss:
		h.fresh, h.missed = false, h.missed || h.fresh
	default:
		l.arrive(h, f)
	}
}

func (h *hearing) subscribed(ids []string) {
	h.times++
	h.answered, h.fresh, h.view = true, true, map[string]bool{}
	for _, user := range ids {
		h.view[user] = true
	}
	h.settle()
}

package sim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/sse"
	"edgestream/functions/internal/stream"
)

// follower is a client of server-sent events, which comes back when a response ends.
type follower struct {
	*world
	name, account string
	sub           stream.Subscription
	// ids says that it asks for ids, and comes back with the last one.
	ids     bool
	last    string
	replies []*reply
	// now is the response that it reads; nil: none.
	now *reply
	// lifetime and most are how long and how large responses may become.
	lifetime time.Duration
	most     int
	got      []arrival
	// since is from when on everything is due to it, if it has ids, and stopped when it went for good.
	since, stopped time.Time
	// broken says that it has left a response that does not know of that.
	broken bool
}

// reply is one response, as its client sees it.
type reply struct {
	*follower
	id string
	// opened and ended are when it began and was over; zero: not yet, or never.
	opened, ended time.Time
	refused       bool
	// left says that its client has stopped reading, and whole that it ended by itself.
	left, whole bool
	// unsure says that nobody knows whether where it ended was kept.
	unsure bool
	// arrives is when what was written last does.
	arrives time.Time
	line    string
	event   frame
}

// lasting is how long responses last at the least: longer than where one ended is kept.
const lasting = 35 * time.Second

// follow has some followers come, in some of the runs.
func (s *streams) follow() {
	for n := range 1 + s.random.IntN(3) {
		f := &follower{
			world: s.world, name: fmt.Sprint("e", n), account: s.pick(accounts), ids: s.chance(0.5),
			lifetime: s.between(lasting, time.Minute), most: 200 + s.random.IntN(1000),
		}
		f.sub = f.choose()
		s.followers = append(s.followers, f)
		s.after(s.between(0, 20*time.Second), f.connect)
		s.after(s.between(0, 10*time.Second), f.act)
	}
}

func (f *follower) choose() stream.Subscription {
	all := (&client{account: f.account}).choices()
	return all[f.random.IntN(len(all))]
}

// connect makes a request, which is an invocation of its own.
func (f *follower) connect() {
	a := f.actor("sse")
	r := &reply{follower: f, id: fmt.Sprint(f.name, ".", len(f.replies)+1)}
	f.now, f.replies = r, append(f.replies, r)
	f.note(of(r.id), "%s is asked for by %s as %s: %s behind %q", r.id, f.name, f.account, f.sub.Key(), f.last)
	request := f.request()
	a.invoke(f.lifetime+sse.Margin, func(ctx context.Context) error {
		ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: r.id})
		a.serves(f).ServeHTTP(&wire{actor: a, reply: r, header: http.Header{}}, request.WithContext(ctx))
		return nil
	}, func(err error) { r.after(time.Until(r.arrives), func() { r.over(err == nil) }) })
}

func (f *follower) request() *http.Request {
	query, path := url.Values{}, strings.ReplaceAll(string(f.sub.Stream), ":", "/")
	switch {
	case f.sub.Stream.TakesTag():
		query.Set("tag", f.sub.Param)
	case f.sub.Stream.TakesList():
		query.Set("list", f.sub.Param)
	}
	if f.ids {
		query.Set("event_ids", "true")
	}
	r, _ := http.NewRequest(http.MethodGet, "https://sse.example/api/v1/streaming/"+path+"?"+query.Encode(), nil) // it is plain
	r.Header.Set("Authorization", "Bearer "+f.account)
	r.Header.Set("User-Agent", f.name)
	if f.last != "" {
		r.Header.Set("Last-Event-ID", f.last)
		f.saw("a follower that comes back with an id")
	}
	return r
}

// act does what clients do now and then: the connection breaks, and the function goes on.
func (f *follower) act() {
	if time.Since(f.start) > busy {
		return
	}
	f.after(f.between(2*time.Second, 10*time.Second), f.act)
	if r := f.now; r != nil && f.chance(f.weather.drops/3) {
		f.note(of(r.id), "%s breaks", r.id)
		f.saw("a response that breaks")
		r.left, r.ended, f.broken = true, time.Now(), true
		r.lost()
	}
}

// wire is how an invocation writes to its client.
type wire struct {
	*actor
	reply  *reply
	header http.Header
	status int
}

// Header and WriteHeader implement http.ResponseWriter.
func (w *wire) Header() http.Header { return w.header }

func (w *wire) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter: what is written is on its way.
func (w *wire) Write(b []byte) (int, error) {
	text, refused := string(b), w.status >= http.StatusBadRequest
	w.submit(w.name+" writes", func() {
		if !w.dead.Load() {
			w.reply.send(text, refused)
		}
	})
	return len(b), nil
}

// send has the text come in two pieces, behind what was sent before.
func (r *reply) send(text string, refused bool) {
	cut := r.random.IntN(len(text) + 1)
	for _, piece := range []string{text[:cut], text[cut:]} {
		if at := time.Now().Add(r.between(time.Millisecond, 20*time.Millisecond)); at.After(r.arrives) {
			r.arrives = at
		}
		r.after(time.Until(r.arrives), func() { r.read(piece, refused) })
	}
}

// read takes a piece as its client does.
func (r *reply) read(piece string, refused bool) {
	switch {
	case r.left:
		return
	case refused:
		r.refused = true
		return
	case r.opened.IsZero():
		r.opened = time.Now()
	}
	lines := strings.Split(r.line+piece, "\n")
	r.line = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && r.event.Event != "":
			r.arrive(r.event)
			r.event = frame{}
		case name == "event":
			r.event.Event = value
		case name == "data":
			r.event.Payload += value
		case name == "id":
			r.event.ID = value
		}
	}
}

// over is when the response has ended, or the connection has with its function.
func (r *reply) over(whole bool) {
	r.note(of(r.id), "%s is over: by itself: %v, refused: %v", r.id, whole, r.refused)
	if r.left {
		return
	}
	r.ended, r.whole = time.Now(), whole
	switch {
	case r.idle():
		r.now, r.stopped = nil, time.Now()
	default:
		r.lost()
	}
}

// idle reports whether nothing can come any more but what is yet to be said.
func (r *reply) idle() bool {
	quiet := len(r.got) == 0 || time.Since(r.got[len(r.got)-1].at) > lasting/2
	for _, one := range r.records {
		quiet = quiet && !one.done.IsZero() && time.Since(one.done) > lasting
	}
	return quiet && r.whole && !r.refused && time.Since(r.start) > busy+2*lasting
}

// lost has its client come back.
func (r *reply) lost() {
	r.now = nil
	wait := r.between(200*time.Millisecond, 3*time.Second)
	if r.chance(0.1) {
		wait = r.between(20*time.Second, time.Minute)
	}
	r.after(wait, r.connect)
}

// arrive takes an event.
func (r *reply) arrive(f frame) {
	if f.ID != "" && r.ids {
		r.last = f.ID
	}
	n, ok := r.app.numberOf(f)
	switch {
	case f.Event == "edgestream.position":
		if r.since.IsZero() {
			r.since = time.Now()
		}
	case f.Event == "edgestream.gap":
		r.blame(of(r.id), "%s is told of a gap: %s", r.id, f.Payload)
	case !ok || n >= len(r.records) || r.records[n].event != f.Event:
		r.blame(of(r.id), "%s got an event of nothing: %s", r.id, f)
	default:
		r.follower.got = append(r.got, arrival{record: r.records[n], at: time.Now(), id: f.ID})
		r.world.tally.arrivals++
		r.note(r.about(r.records[n]), "%s gets %d", r.id, n)
	}
}

func (r *reply) about(n *record) mark { return r.check.markOf(r.id, n) }

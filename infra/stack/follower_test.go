package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// follower is a client that comes back whenever it loses its connection, and goes on from the last
// id that it got.
type follower struct {
	t              *testing.T
	w              *world
	name           string
	account, token string
	follows        []*followed
	// visit is one connection of the client, to its end.
	visit func(context.Context, *follower) error

	mu    sync.Mutex
	cut   func() // ends the connection from the client's side; nil while there is none
	trace []string
	wrong error // the first thing that must not be
}

// followed is a stream that a follower listens to, with what came of it.
type followed struct {
	stream, tag string
	last        string
	// begun says that the stream's position has come on this connection.
	begun bool
	ids   map[string]bool
	// marks are what came, by owner, in order.
	marks map[string][]int
}

// mark is what names an event in its payload.
type mark struct {
	Owner string `json:"mark"`
	N     int    `json:"n"`
}

func (f *follower) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noteLocked(fmt.Sprintf(format, args...))
}

// traced is how much of its trace a follower keeps.
const traced = 60

func (f *follower) noteLocked(line string) {
	f.trace = append(f.trace, time.Now().Format("05.000 ")+line)
	if len(f.trace) > traced {
		f.trace = slices.Delete(f.trace, 0, len(f.trace)-traced)
	}
}

// run comes back until the context ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.visit(ctx, f)
		f.mu.Lock()
		f.cut = nil
		f.mu.Unlock()
		f.note("lost: %v", err)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond): // as clients pause before they come back
		}
	}
}

// cutOff ends the follower's connection without a word, if it has one.
func (f *follower) cutOff() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut != nil {
		f.noteLocked("cut by the client")
		f.cut()
	}
}

func (f *follower) cutBy(cut func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
}

// blame keeps the first thing that is wrong.
func (f *follower) blame(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrong == nil {
		f.wrong = fmt.Errorf(format, args...)
		f.noteLocked("WRONG: " + f.wrong.Error())
	}
}

// take keeps an event. On a socket a client drops what it has had; to a reader nothing comes twice.
func (f *follower) take(s *followed, name, payload, id string, drops bool) {
	var m mark
	if name == "edgestream.gap" || json.Unmarshal([]byte(payload), &m) != nil || m.Owner == "" || id == "" {
		f.blame("on %s came %s %s with id %q", s.stream, name, payload, id)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.last = id
	repeated := drops && s.ids[id]
	f.noteLocked(fmt.Sprintf("%s: %s %d%s", s.stream, m.Owner, m.N, map[bool]string{true: " again"}[repeated]))
	if repeated {
		return
	}
	s.ids[id] = true
	s.marks[m.Owner] = append(s.marks[m.Owner], m.N)
}

// tryDial opens a socket, or says why it could not.
func (w *world) tryDial(ctx context.Context, token, query string) (*websocket.Conn, error) {
	conn, response, err := websocket.Dial(ctx, w.url(query), &websocket.DialOptions{HTTPHeader: bearer(token), HTTPClient: w.http})
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("refused: %s", response.Status)
		}
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	return conn, nil
}

// overSocket follows the first stream by the URL and the others by messages.
func overSocket(ctx context.Context, f *follower) error {
	first := f.follows[0]
	q := url.Values{"event_ids": {"1"}, "stream": {first.stream}, "last_event_id": {first.last}}
	if first.tag != "" {
		q.Set("tag", first.tag)
	}
	conn, err := f.w.tryDial(ctx, f.token, q.Encode())
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	f.cutBy(func() { conn.CloseNow() })
	f.note("connected")
	f.mu.Lock()
	for _, s := range f.follows {
		s.begun = false
	}
	f.mu.Unlock()
	if err := f.subscribe(ctx, conn, f.follows[1:]); err != nil {
		return err
	}
	for {
		_, text, err := conn.Read(ctx)
		if err == nil {
			err = f.frame(ctx, conn, text)
		}
		if err != nil {
			return err
		}
	}
}

// subscribe sends what is not known to hold.
func (f *follower) subscribe(ctx context.Context, conn *websocket.Conn, all []*followed) error {
	for _, s := range all {
		if s.begun {
			continue
		}
		if err := conn.Write(ctx, websocket.MessageText, []byte(resubscribe(s.stream, s.tag, "", s.last))); err != nil {
			return err
		}
	}
	return nil
}

var errFrame = errors.New("error frame")

// frame takes one frame. API Gateway's own, of a function that was killed, has the client ask again;
// Edgestream's own ends the connection.
func (f *follower) frame(ctx context.Context, conn *websocket.Conn, text []byte) error {
	var got told
	switch err := json.Unmarshal(text, &got); {
	case err != nil:
		return err
	case strings.HasPrefix(string(text), `{"message":"Internal server error"`):
		f.note("asks again after %s", text)
		return f.subscribe(ctx, conn, f.follows[1:])
	case len(got.Stream) == 0:
		return fmt.Errorf("%w: %s", errFrame, text)
	}
	i := slices.IndexFunc(f.follows, func(s *followed) bool { return s.stream == got.Stream[0] })
	if i < 0 {
		f.blame("a frame of nobody's: %s", text)
		return nil
	}
	s := f.follows[i]
	switch {
	case got.Event == "edgestream.keepalive":
	case got.Event == "edgestream.position":
		f.note("%s: position", s.stream)
		f.mu.Lock()
		s.begun, s.last = true, got.ID
		f.mu.Unlock()
	case !s.begun:
		f.blame("before the position came %s", text)
	default:
		f.take(s, got.Event, got.Payload, got.ID, true)
	}
	return nil
}

// overEvents follows its stream as server-sent events.
func overEvents(ctx context.Context, f *follower) error {
	s := f.follows[0]
	var header http.Header
	if s.last != "" {
		header = http.Header{"Last-Event-Id": {s.last}}
	}
	r, response, err := f.w.tryListen(f.t, f.token, path(s.stream, s.tag, ""), header)
	if err != nil {
		return err
	}
	if response != nil {
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return fmt.Errorf("refused: %s %s", response.Status, body)
	}
	defer r.cut()
	f.cutBy(r.cut)
	f.note("reads")
	f.mu.Lock()
	s.begun = true
	f.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-r.events:
			if !ok {
				if errors.Is(r.ended, errForm) {
					f.blame("%v", r.ended)
				}
				return fmt.Errorf("ended: %w", errors.Join(r.ended, io.EOF))
			}
			f.take(s, e.name, e.data, e.id, false)
		}
	}
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"time"

	"edgestream/infra/stack"
)

// callback is a call of the management API, and what became of it.
type callback struct {
	at         time.Time
	connection string
	event      eventName
	what       string
}

func (p callback) String() string {
	return fmt.Sprintf("%s %s: %s", p.at.Format(clock), p.connection, p.what)
}

// callbacks is a management API that fails as a seed has it.
type callbacks struct {
	proxy *stack.Proxy

	mu     sync.Mutex
	random *rand.Rand
	on     bool
	// storm is how long the present burst of faults lasts; calm when the next one begins.
	storm, calm time.Time
	counts      map[string]int
	posts       []callback
}

const (
	// remembered is how many posts are kept for the trace of one that is lost.
	remembered = 200_000
	// usual and stormy are how many of a hundred calls fail.
	usual, stormy = 3, 40
	// clock is how times are printed.
	clock = "15:04:05.000"
)

func newCallbacks(seed uint64) (*callbacks, error) {
	c := &callbacks{random: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
	var err error
	if c.proxy, err = stack.NewProxy(); err != nil {
		return nil, err
	}
	c.proxy.Fail(c.answer)
	return c, nil
}

func (c *callbacks) start() { c.turn(true) }
func (c *callbacks) stop()  { c.turn(false) }

func (c *callbacks) turn(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = on
}

// apiFault is one way in which the management API fails.
type apiFault struct {
	name string
	// delivered says that the call is made all the same; status 0, that it is not answered.
	delivered bool
	status    int
	// hold is the longest that the caller waits.
	hold time.Duration
}

var apiFaults = []apiFault{
	{"429", false, http.StatusTooManyRequests, 0},
	{"500", false, http.StatusInternalServerError, 0},
	{"503", false, http.StatusServiceUnavailable, 0},
	{"time-out, delivered", true, 0, 6 * time.Second},
	{"time-out, not delivered", false, 0, 6 * time.Second},
	{"504, delivered", true, http.StatusGatewayTimeout, 2 * time.Second},
	{"reset, delivered", true, 0, 0},
	{"reset, not delivered", false, 0, 0},
}

var errorTypes = map[int]string{http.StatusTooManyRequests: "LimitExceededException", http.StatusInternalServerError: "InternalServerErrorException",
	http.StatusServiceUnavailable: "ServiceUnavailableException", http.StatusGatewayTimeout: "GatewayTimeoutException"}

// choose is the next call's fault; nil if it has none. Calls choose in the order in which they come.
func (c *callbacks) choose(now time.Time) (*apiFault, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.on {
		return nil, 0
	}
	if now.After(c.calm) {
		c.storm = now.Add(time.Duration(200+c.random.IntN(1300)) * time.Millisecond)
		c.calm = c.storm.Add(time.Duration(1000+c.random.IntN(4000)) * time.Millisecond)
	}
	share := usual
	if now.Before(c.storm) {
		share = stormy
	}
	if c.random.IntN(100) >= share {
		return nil, 0
	}
	f := &apiFaults[c.random.IntN(len(apiFaults))]
	c.counts[f.name]++
	return f, time.Duration(c.random.Int64N(int64(f.hold) + 1))
}

// answer passes a call on, or has it fail.
func (c *callbacks) answer(w http.ResponseWriter, r *http.Request) bool {
	f, hold := c.choose(time.Now())
	return c.with(f, hold, w, r)
}

// with answers with this fault after as long, or, if there is none, as what stands behind does.
func (c *callbacks) with(f *apiFault, hold time.Duration, w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return true // the caller was killed in the middle of it
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p := callback{at: time.Now(), connection: path.Base(r.URL.Path), event: eventOf(body)}
	answer := httptest.NewRecorder()
	p.what = r.Method
	if f == nil || f.delivered {
		// What has been sent is delivered, also if the caller dies while it waits.
		c.proxy.Pass(answer, r.WithContext(context.WithoutCancel(r.Context())))
		p.what += fmt.Sprint(" ", answer.Code)
	}
	if f != nil {
		p.what += ", fault " + f.name
	}
	c.keep(p)
	if f == nil {
		copyAnswer(w, answer)
		return true
	}
	wait(r.Context(), hold)
	if f.status == 0 {
		return stack.Abort(w, r)
	}
	w.Header().Set("X-Amzn-Errortype", errorTypes[f.status])
	w.WriteHeader(f.status)
	fmt.Fprintf(w, `{"message":%q}`, http.StatusText(f.status))
	return true
}

func copyAnswer(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

func (c *callbacks) keep(p callback) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.posts) == remembered {
		c.posts = append(c.posts[:0], c.posts[remembered/2:]...)
	}
	c.posts = append(c.posts, p)
}

// of are the posts of an event.
func (c *callbacks) of(e eventName) (all []callback) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.posts {
		if p.event == e {
			all = append(all, p)
		}
	}
	return all
}

// eventOf is the event in a frame of either protocol; none if it has none.
func eventOf(frame []byte) (e eventName) {
	var f struct{ Payload, Data string }
	if json.Unmarshal(frame, &f) == nil {
		json.Unmarshal([]byte(cmp.Or(f.Payload, f.Data)), &e)
	}
	return e
}

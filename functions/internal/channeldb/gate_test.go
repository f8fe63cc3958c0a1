package channeldb

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"

	engine "edgestream/infra/local/dynamodb"
)

// gate is an in-process DynamoDB whose requests wait until they are let through one by one, in an
// order that a test chooses, and whose answers may be lost.
type gate struct {
	handler http.Handler
	mu      sync.Mutex
	open    bool
	waiting []chan fate
}

// fate is what becomes of a request.
type fate int

const (
	passes fate = iota
	// isLost is a request that is carried out, and whose answer is lost.
	isLost
)

func (g *gate) Do(r *http.Request) (*http.Response, error) {
	what := passes
	g.mu.Lock()
	if !g.open {
		turn := make(chan fate, 1)
		g.waiting = append(g.waiting, turn)
		g.mu.Unlock()
		select {
		case what = <-turn:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	} else {
		g.mu.Unlock()
	}
	recorder := httptest.NewRecorder()
	g.handler.ServeHTTP(recorder, r)
	if what == isLost {
		return nil, errors.New("connection reset by peer")
	}
	return recorder.Result(), nil
}

// run starts the operations and lets their requests through as the schedule says, until all have ended.
func (g *gate) run(schedule []int, operations []func()) {
	g.mu.Lock()
	g.open = false
	g.mu.Unlock()
	var wg sync.WaitGroup
	for _, operation := range operations {
		wg.Go(operation)
	}
	for i := 0; ; i++ {
		synctest.Wait()
		g.mu.Lock()
		if len(g.waiting) == 0 {
			g.open = true // those that wait for a time before they try again go on by themselves
			g.mu.Unlock()
			break
		}
		choice := schedule[i%len(schedule)]
		n := choice % len(g.waiting)
		turn := g.waiting[n]
		g.waiting = append(g.waiting[:n], g.waiting[n+1:]...)
		g.mu.Unlock()
		if i < len(schedule) && choice%7 == 6 {
			turn <- isLost
		} else {
			turn <- passes
		}
	}
	wg.Wait()
}

// gated runs f in a bubble with a world behind a gate, which is open at first.
func gated(t *testing.T, f func(t *testing.T, g *gate, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		e := engine.New(engine.Options{TTLInterval: -1})
		defer e.Close()
		g := &gate{handler: e, open: true}
		f(t, g, newWorldAt(t, config(aws.HTTPClient(g)), "http://dynamodb.invalid"))
	})
}

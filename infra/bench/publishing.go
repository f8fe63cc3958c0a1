package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// routing says which channels events go to.
type routing struct {
	name string
	// from and of are the first of its channels, and how many it has.
	from, of int
	// all sends each event to all of them, and not in turn to one.
	all bool
}

var (
	single     = routing{"to one channel", 0, 1, false}
	scattered  = routing{"each to one of 100 channels", 1, spread, false}
	everywhere = routing{"each to 100 channels", 1, spread, true}
)

// channels are all of them.
func (r routing) channels() (names []string) {
	for i := range r.of {
		names = append(names, fmt.Sprintf("bench-%d", r.from+i))
	}
	return names
}

// to are those of a client's nth event.
func (r routing) to(client, n int) []string {
	if r.all {
		return r.channels()
	}
	return []string{fmt.Sprintf("bench-%d", r.from+(client+n)%r.of)}
}

// letter is what an event says.
type letter struct{ Round, Client, N int }

// padding makes an event about half a kilobyte long.
var padding = strings.Repeat("Edgestream ", 40)

// event is the body of the letter's request.
func (l letter) event(channels []string) ([]byte, error) {
	data, err := json.Marshal(struct {
		letter
		Text string
	}{l, padding})
	if err != nil {
		return nil, err
	}
	return json.Marshal(publication{"said", string(data), channels})
}

// publication is the body of a request that publishes.
type publication struct {
	Name     string   `json:"name"`
	Data     string   `json:"data"`
	Channels []string `json:"channels"`
}

// publishers are clients that publish side by side.
type publishers struct {
	app     application
	http    *http.Client
	clients int
	// each is how many events each of them publishes.
	each int
}

// clientOf is a client of HTTP that keeps so many connections.
func clientOf(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
}

// run has every client publish its events, one after the other. It calls sends, if it is not nil,
// before each. What it returns as delivered was answered, and the latency is that of the answers.
func (p publishers) run(ctx context.Context, host string, round int, to routing, sends func(letter)) (outcome, error) {
	total := newOutcome()
	var mu sync.Mutex
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i := range p.clients {
		group.Go(func() error {
			for n := range p.each {
				if sends != nil {
					sends(letter{round, i, n})
				}
				took, err := p.publish(ctx, host, letter{round, i, n}, to)
				if err != nil {
					return err
				}
				mu.Lock()
				total.delivered++
				total.record(took)
				mu.Unlock()
			}
			return nil
		})
	}
	err := group.Wait()
	total.took = time.Since(began)
	return total, err
}

func (p publishers) publish(ctx context.Context, host string, l letter, to routing) (time.Duration, error) {
	body, err := l.event(to.to(l.Client, l.N))
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = p.app.post(ctx, p.http, host, "/events", body)
	return time.Since(began), err
}

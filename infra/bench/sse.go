package main

import (
	"bufio"
	"bytes"
	"context"
	"edgestream/infra/stack"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// reader is a listener by server-sent events. It takes in what comes while nobody asks for it, as
// a socket's buffers do.
type reader struct {
	response *http.Response
	events   chan sseEvent
	// begun is closed when the first line has come.
	begun chan struct{}
}

// sseEvent is one event, and when it came.
type sseEvent struct {
	name, id string
	data     []byte
	at       time.Time
}

// sseBuffer is how many events a reader takes in that nobody asks for.
const sseBuffer = 4096

var errStreamEnded = errors.New("the stream has ended")

// read opens a stream of server-sent events for each, and waits until each has begun.
func (p people) read(ctx context.Context, l *stack.Stack, path, lastEventID string) (*crowd[*reader], error) {
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	return openAll(p.n, "streams", func(i int) (*reader, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Edge+"/api/v1/streaming/"+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+p.token(i))
		if lastEventID != "" {
			r.Header.Set("Last-Event-ID", lastEventID)
		}
		return openReader(client, r)
	})
}

func openReader(client *http.Client, request *http.Request) (*reader, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		answer, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("%s: %s %s", request.URL.Path, response.Status, answer)
	}
	r := &reader{response: response, events: make(chan sseEvent, sseBuffer), begun: make(chan struct{})}
	go r.take(response.Body)
	select {
	case <-r.begun:
		return r, nil
	case <-time.After(silence):
		r.leave()
		return nil, fmt.Errorf("%s: nothing has come", request.URL.Path)
	}
}

// take takes in events until the stream ends.
func (r *reader) take(body io.Reader) {
	defer close(r.events)
	lines := bufio.NewReaderSize(body, 64<<10)
	var event sseEvent
	for first := true; ; first = false {
		line, err := lines.ReadBytes('\n')
		if first {
			close(r.begun)
		}
		if err != nil {
			return
		}
		if event.field(bytes.TrimSuffix(line, []byte("\n"))) {
			event.at = time.Now()
			r.events <- event
			event = sseEvent{}
		}
	}
}

// field takes in a line, and reports whether it completes an event.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
func (e *sseEvent) field(line []byte) (complete bool) {
	if len(line) == 0 {
		if e.data == nil {
			*e = sseEvent{}
		}
		return e.data != nil
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.name = string(value)
	case "id":
		e.id = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	}
	return false
}

func (r *reader) next(ctx context.Context) ([]byte, time.Time, error) {
	select {
	case e, ok := <-r.events:
		if !ok {
			return nil, time.Time{}, errStreamEnded
		}
		return e.data, e.at, nil
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
}

func (r *reader) payload(frame []byte) []byte { return frame }

// leave returns when nothing is taken in any more.
func (r *reader) leave() error {
	err := r.response.Body.Close()
	for range r.events {
	}
	return err
}

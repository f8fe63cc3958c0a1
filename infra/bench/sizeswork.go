package main

import (
	"context"
	"edgestream/infra/stack"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// toil is a stack that is given work.
type toil struct {
	*stack.Stack
	db *dynamodb.Client
	people
	sockets *crowd[socket]
	peaks   map[string]float64
}

// workAll has every function do something, and returns the most that a process of each had resident, in
// megabytes.
func workAll(ctx context.Context, listeners int) (map[string]float64, error) {
	l, err := stack.Start(ctx, ".", append(quiet, "--parameter", "Console=on", "--parameter", fmt.Sprint("WideListeners=", listeners/2))...)
	if err != nil {
		return nil, err
	}
	defer l.Stop()
	w := &toil{Stack: l, db: client(l.DynamoDB), people: people{"worker", listeners}, peaks: map[string]float64{}}
	for _, work := range []func(context.Context) error{w.arrive, w.hear, w.read, w.channel, w.look, w.end} {
		if err := work(ctx); err != nil {
			return nil, err
		}
		w.note()
	}
	return w.peaks, nil
}

// note takes down what the processes have needed that run now.
func (w *toil) note() {
	for _, p := range w.Processes() {
		name := functionOf(p.Program)
		w.peaks[name] = max(w.peaks[name], procMemory(p.PID, "VmHWM"))
	}
}

// arrive connects everybody, with ids, and has them subscribe.
func (w *toil) arrive(ctx context.Context) (err error) {
	if err := w.register(ctx, w.db); err != nil {
		return err
	}
	if w.sockets, err = w.dial(ctx, w.Stack, "&stream=public&event_ids=true"); err != nil {
		return err
	}
	if err := say(ctx, w.sockets, `{"type":"subscribe","stream":"user"}`); err != nil {
		return err
	}
	return heard(ctx, w.sockets, nil, 2) // a position of each stream
}

// hear publishes to everybody, and to each.
func (w *toil) hear(ctx context.Context) error {
	const statuses = 200
	for i := range statuses {
		if err := putItem(ctx, w.db, "Content", statusItem(i)); err != nil {
			return err
		}
	}
	for i := range w.n {
		if err := putItem(ctx, w.db, "Content", notificationItem(w.account(i), i)); err != nil {
			return err
		}
	}
	return heard(ctx, w.sockets, nil, statuses+1)
}

// read reads a stream of server-sent events.
func (w *toil) read(ctx context.Context) error {
	c, err := people{w.name, 1}.read(ctx, w.Stack, "public", "")
	if err != nil {
		return err
	}
	defer c.leave()
	return heard(ctx, c, putItem(ctx, w.db, "Content", statusItem(1000)), 1)
}

// channel has somebody join a channel, of whom a webhook is told, and publishes an event.
func (w *toil) channel(ctx context.Context) error {
	told := make(chan struct{}, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case told <- struct{}{}:
		default:
		}
	}))
	defer receiver.Close()
	if err := benchApp.register(ctx, w.db); err != nil {
		return err
	}
	if err := putItem(ctx, w.db, "Accounts", item{"key": text("app#" + benchApp.id), "appKey": text(benchApp.key), "secret": text(benchApp.secret),
		"enabled":  &types.AttributeValueMemberBOOL{Value: true},
		"webhooks": list(mapOf(item{"url": text(receiver.URL), "events": texts("member_added")}))}); err != nil {
		return err
	}
	s, _, err := benchApp.connect(ctx, w.Stack)
	if err != nil {
		return err
	}
	defer s.leave()
	if err := s.subscribe(ctx, benchApp, "presence-room", "1"); err != nil {
		return err
	}
	body, err := letter{}.event([]string{"presence-room"})
	if err != nil {
		return err
	}
	if err := benchApp.post(ctx, http.DefaultClient, w.Edge, "/events", body); err != nil {
		return err
	}
	select {
	case <-told:
		return nil
	case <-time.After(silence):
		return errors.New("the webhook was told nothing")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look has the console shown, and the sweep look at every connection.
func (w *toil) look(ctx context.Context) error {
	response, err := http.Get(w.Edge + "/")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the console: %s", response.Status)
	}
	return invoke(ctx, w.Stack, "SweepFunction", map[string]any{
		"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": map[string]any{},
		"time": time.Now().Add(lookEvery).UTC().Format(time.RFC3339),
	})
}

// end revokes a token, whose socket is closed, and has the others leave.
func (w *toil) end(ctx context.Context) error {
	err := putItem(ctx, w.db, "Accounts", item{"key": text("token#" + hash(w.token(0))), "account": text(w.account(0)),
		"scopes": texts("read"), "revokedAt": number(time.Now().Unix())})
	if err != nil {
		return err
	}
	for err == nil { // until it is closed
		_, _, err = w.sockets.listeners[0].next(ctx)
	}
	if ctx.Err() != nil {
		return err
	}
	w.sockets.leave()
	for deadline := time.Now().Add(silence); w.Counts()["DisconnectFunction"] < w.n; {
		if time.Now().After(deadline) {
			return errors.New("disconnect has not run for everybody")
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

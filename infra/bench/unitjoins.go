package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// cached measures cache channels, with an event and without.
func (c *cast) cached(ctx context.Context) error {
	for _, d := range []struct{ channel, name, tells string }{
		{"cache-empty", "that has no event", "pusher:cache_miss"},
		{"cache-units", "that has one", "cached"},
	} {
		if err := c.attend(ctx, d.channel, joining); err != nil {
			return err
		}
		if d.tells == "cached" {
			if err := c.after(ctx, publishing, func() error { return c.say(ctx, d.tells, d.channel) }); err != nil {
				return err
			}
		}
		if err := c.all(ctx, "subscribe, cache channel "+d.name, joining, func(s *subscriber, _ int) error {
			if err := s.subscribe(ctx, benchApp, d.channel, ""); err != nil {
				return err
			}
			return s.await(ctx, d.tells, d.channel)
		}); err != nil {
			return err
		}
		if err := c.all(ctx, "unsubscribe, cache channel", joining, func(s *subscriber, _ int) error { return s.unsubscribe(ctx, d.channel) }); err != nil {
			return err
		}
	}
	return nil
}

// present measures members of a presence channel, and further tabs of one.
func (c *cast) present(ctx context.Context) error {
	const channel = "presence-units"
	if err := c.attend(ctx, channel, joining); err != nil {
		return err
	}
	user := func(i int) string { return fmt.Sprintf("user-%d", i) }
	members := fmt.Sprintf(", 2 to %d members", len(c.others)+1)
	if err := c.all(ctx, "presence join"+members, joining, func(s *subscriber, i int) error { return s.subscribe(ctx, benchApp, channel, user(i)) }); err != nil {
		return err
	}
	if err := c.all(ctx, "presence leave"+members, joining, func(s *subscriber, _ int) error {
		if err := s.unsubscribe(ctx, channel); err != nil {
			return err
		}
		return c.witness.await(ctx, "pusher_internal:member_removed", channel)
	}); err != nil {
		return err
	}
	if err := c.all(ctx, "presence join, another tab", joining, func(s *subscriber, _ int) error { return s.subscribe(ctx, benchApp, channel, "witness") }); err != nil {
		return err
	}
	return c.all(ctx, "presence leave, another tab", joining, func(s *subscriber, _ int) error { return s.unsubscribe(ctx, channel) })
}

// publishing is a request to the HTTP API that publishes.
var publishing = runs{"Api": 1, "Publish": 1}

// published measures the HTTP API. The witness hears what is published on the first channel.
func (c *cast) published(ctx context.Context) error {
	ten := []string{"public-units"}
	for i := range 9 {
		ten = append(ten, fmt.Sprintf("nobody-%d", i))
	}
	for _, d := range []struct {
		name     string
		channels []string
	}{
		{"publish on a channel, 1 listener", ten[:1]},
		{"publish on a cache channel, 1 listener", []string{"cache-units"}},
		{"publish on ten channels, 1 listener", ten},
	} {
		if err := c.stepwise(ctx, d.name, len(c.others), publishing, func(int) error { return c.say(ctx, "said", d.channels...) }); err != nil {
			return err
		}
	}
	return nil
}

// say publishes an event, and waits until the witness hears it on the first channel.
func (c *cast) say(ctx context.Context, event string, channels ...string) error {
	body, err := json.Marshal(map[string]any{"name": event, "data": `{"text":"hello"}`, "channels": channels})
	if err != nil {
		return err
	}
	if err := benchApp.post(ctx, http.DefaultClient, c.local.Edge, "/events", body); err != nil {
		return err
	}
	return c.witness.await(ctx, event, channels[0])
}

// signedIn measures users on connections of their own.
func (c *cast) signedIn(ctx context.Context) error {
	users := make([]*subscriber, len(c.others))
	for i := range users {
		if err := c.after(ctx, runs{"Connect": 1, "Greet": 1}, func() (err error) {
			users[i], _, err = benchApp.connect(ctx, c.local)
			return err
		}); err != nil {
			return err
		}
	}
	if err := c.stepwise(ctx, "sign in", len(users), joining, func(i int) error {
		return users[i].signIn(ctx, benchApp, fmt.Sprintf("user-%d", i))
	}); err != nil {
		return err
	}
	return c.stepwise(ctx, "disconnect, signed in", len(users), runs{"Disconnect": 1, "Publish": 1}, func(i int) error { return users[i].leave() })
}

// closed measures connections that end while they are on channels on which others stay.
func (c *cast) closed(ctx context.Context) error {
	for _, d := range []struct {
		channel   string
		subscribe runs
	}{{"private-units", message}, {"presence-units", joining}} {
		for i, s := range c.others {
			if err := c.after(ctx, d.subscribe, func() error { return s.subscribe(ctx, benchApp, d.channel, fmt.Sprintf("user-%d", i)) }); err != nil {
				return err
			}
		}
	}
	return c.all(ctx, "disconnect, on a private and a presence channel", runs{"Disconnect": 1, "Publish": 1}, func(s *subscriber, _ int) error {
		return s.leave()
	})
}

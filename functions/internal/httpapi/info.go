package httpapi

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/pusher"
)

// lookers is how many channels are looked at at once.
const lookers = 16

// info is what a caller wants to know of a channel.
type info struct{ users, subscriptions, cache bool }

// parseInfo reads a list such as "user_count,subscription_count".
func parseInfo(list string) (i info, err error) {
	for name := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(name) {
		case "user_count":
			i.users = true
		case "subscription_count":
			i.subscriptions = true
		case "cache":
			i.cache = true
		case "":
		default:
			return info{}, invalid("Unknown info: it is a list of user_count, subscription_count and cache")
		}
	}
	return i, nil
}

func (i info) none() bool { return i == info{} }

func (i info) and(j info) info {
	return info{i.users || j.users, i.subscriptions || j.subscriptions, i.cache || j.cache}
}

// fit refuses what one of the channels does not have.
func (i info) fit(channels ...string) error {
	for _, channel := range channels {
		if i.users && !pusher.Channel(channel).Presence() {
			return invalid("user_count is known of presence channels alone")
		}
	}
	return nil
}

// attributes are what is said of a channel.
type attributes struct {
	Occupied      *bool `json:"occupied,omitempty"`
	Users         *int  `json:"user_count,omitempty"`
	Subscriptions *int  `json:"subscription_count,omitempty"`
	// Cache is a cached event, or the text null.
	Cache json.RawMessage `json:"cache,omitempty"`
}

// of are those of the attributes that were asked for.
func (i info) of(a attributes) attributes {
	if !i.users {
		a.Users = nil
	}
	if !i.subscriptions {
		a.Subscriptions = nil
	}
	if !i.cache {
		a.Cache = nil
	}
	return a
}

// vacant reports whether nobody is subscribed, as far as the attributes say.
func (a attributes) vacant() bool {
	return a.Users != nil && *a.Users == 0 || a.Subscriptions != nil && *a.Subscriptions == 0
}

// look finds what is asked of each channel.
func (c call) look(ctx context.Context, asked map[string]info) (map[string]attributes, error) {
	var mu sync.Mutex
	said := make(map[string]attributes, len(asked))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lookers)
	for channel, i := range asked {
		g.Go(func() error {
			a, err := c.attributes(ctx, channel, i)
			mu.Lock()
			defer mu.Unlock()
			said[channel] = a
			return err
		})
	}
	return said, g.Wait()
}

func (c call) attributes(ctx context.Context, channel string, i info) (a attributes, err error) {
	if i.users {
		users, err := c.Directory.Users(ctx, c.app.ID, channel)
		if err != nil {
			return a, err
		}
		a.Users = new(len(users))
	}
	if i.subscriptions {
		n, err := c.Directory.Subscriptions(ctx, c.app.ID, channel)
		if err != nil {
			return a, err
		}
		a.Subscriptions = &n
	}
	if i.cache {
		a.Cache, err = c.cached(ctx, channel)
	}
	return a, err
}

// cached is the event that the channel keeps, with the seconds for which it does yet.
func (c call) cached(ctx context.Context, channel string) (json.RawMessage, error) {
	if !pusher.Channel(channel).Cache() {
		return json.RawMessage("null"), nil
	}
	e, ttl, ok, err := c.Directory.Cached(ctx, c.app.ID, channel)
	if err != nil || !ok {
		return json.RawMessage("null"), err
	}
	return json.Marshal(struct {
		Data string `json:"data"`
		TTL  int    `json:"ttl"`
	}{e.Data, int(ttl / time.Second)})
}

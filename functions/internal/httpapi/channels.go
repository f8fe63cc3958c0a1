package httpapi

import (
	"context"
	"strings"

	"edgestream/functions/internal/pusher"
)

// page is how many channels are read at once.
const page = 1000

// listChannels lists the app's occupied channels.
func listChannels(ctx context.Context, c call) (any, error) {
	prefix, _ := c.params.get("filter_by_prefix")
	i, err := c.params.info()
	if err != nil {
		return nil, err
	}
	if i.users && !strings.HasPrefix(prefix, "presence-") {
		return nil, invalid(`user_count is known of presence channels alone: send a filter_by_prefix that begins with "presence-"`)
	}
	asked, err := c.occupied(ctx, prefix, i)
	if err != nil {
		return nil, err
	}
	said, err := c.look(ctx, asked)
	if err != nil {
		return nil, err
	}
	for channel, a := range said {
		if a.vacant() { // its row is looked at some seconds after the last subscriber has gone
			delete(said, channel)
		}
	}
	return map[string]any{"channels": said}, nil
}

// occupied are all channels that begin so, each with the info that is asked of it.
func (c call) occupied(ctx context.Context, prefix string, i info) (map[string]info, error) {
	asked := map[string]info{}
	for after := ""; ; {
		names, err := c.Directory.Occupied(ctx, c.app.ID, prefix, after, page)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			asked[name], after = i, name
		}
		if len(names) < page {
			return asked, nil
		}
	}
}

func (p params) info() (info, error) {
	list, _ := p.get("info")
	return parseInfo(list)
}

// showChannel says whether a channel is occupied: by its subscriptions, which change at once.
func showChannel(ctx context.Context, c call, channel string) (any, error) {
	i, err := c.params.info()
	if err == nil {
		err = c.checkChannel(channel)
	}
	if err == nil {
		err = i.fit(channel)
	}
	if err != nil {
		return nil, err
	}
	a, err := c.attributes(ctx, channel, i)
	if err != nil {
		return nil, err
	}
	occupied := !a.vacant()
	if !i.users && !i.subscriptions {
		occupied, err = c.Directory.Subscribed(ctx, c.app.ID, channel)
	}
	a.Occupied = &occupied
	return a, err
}

type user struct {
	ID string `json:"id"`
}

// listUsers lists the users of a presence channel.
func listUsers(ctx context.Context, c call, channel string) (any, error) {
	if err := c.checkChannel(channel); err != nil {
		return nil, err
	}
	if !pusher.Channel(channel).Presence() {
		return nil, invalid("Users are known of presence channels alone")
	}
	ids, err := c.Directory.Users(ctx, c.app.ID, channel)
	if err != nil {
		return nil, err
	}
	users := make([]user, len(ids))
	for i, id := range ids {
		users[i] = user{id}
	}
	return map[string]any{"users": users}, nil
}

package stream

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of the Channels protocol,
// https://pusher.com/docs/channels/library_auth_reference/rest-api/.
const (
	// maxEventName is how many characters the name of an event may have.
	maxEventName = 200
	// maxEventData is how many bytes the data of an event may have.
	maxEventData = 10 << 10
	// maxChannel is how many characters a channel's name may have at the most: the server SDKs'
	// limit, which is wider than that of most apps.
	maxChannel = 200
	// maxUser is how many characters a user's id may have.
	maxUser = 128
	// maxApp is how many characters an app's id may have.
	maxApp = 64
)

// The events that the service itself says on channels.
const (
	// EventSubscribed is for a new subscriber alone. Its payload is "{}", or the members of a presence
	// channel.
	EventSubscribed    = "pusher_internal:subscription_succeeded"
	EventMemberAdded   = "pusher_internal:member_added"
	EventMemberRemoved = "pusher_internal:member_removed"
	// EventCount has the number of a channel's subscriptions, EventWatchlist who came and went of those
	// that are watched: their payloads are JSON objects, and sent as such.
	EventCount     = "pusher_internal:subscription_count"
	EventWatchlist = "pusher_internal:watchlist_events"
	// EventCacheMiss is for a new subscriber of a cache channel alone, and has no payload.
	EventCacheMiss = "pusher:cache_miss"
)

// userChannel begins the channel on which the server speaks to one user.
const userChannel = "#server-to-user-"

// Owner is the owner in Content of a channel's events and members.
func Owner(app, channel string) string { return "app#" + app + "#" + channel }

// ItemsChannel is the channel on which an account's items are shown.
func ItemsChannel(account string) string { return "private-items_" + account }

// IsCacheChannel reports whether a newcomer to the channel gets its last event.
// https://pusher.com/docs/channels/using_channels/cache-channels/
func IsCacheChannel(channel string) bool {
	rest := channel
	for _, prefix := range []string{"private-encrypted-", "private-", "presence-"} {
		if r, ok := strings.CutPrefix(channel, prefix); ok {
			rest = r
			break
		}
	}
	return strings.HasPrefix(rest, "cache-")
}

// channelOf reads what Owner wrote.
func channelOf(item *Item) (app, channel string, err error) {
	rest, ok := strings.CutPrefix(item.Owner, "app#")
	app, channel, named := strings.Cut(rest, "#")
	switch {
	case !ok || !named:
		return "", "", fmt.Errorf("the owner %.40q is not app#, an app, # and a channel", item.Owner)
	case !isApp(app):
		return "", "", fmt.Errorf("the owner has no app's id: %.40q", app)
	case !isChannel(channel):
		return "", "", fmt.Errorf("the owner has no channel's name: %.40q", channel)
	}
	return app, channel, nil
}

// isApp reports whether the text can be an app's id.
func isApp(id string) bool {
	return id != "" && len(id) <= maxApp && !strings.ContainsFunc(id, func(r rune) bool {
		return !isPlain(r) && r != '_' && r != '-'
	})
}

// isChannel reports whether the text can be a channel's name.
func isChannel(name string) bool {
	if user, ok := strings.CutPrefix(name, userChannel); ok {
		return user != "" && utf8.RuneCountInString(user) <= maxUser
	}
	return name != "" && len(name) <= maxChannel && !strings.ContainsFunc(name, func(r rune) bool {
		return !isPlain(r) && !strings.ContainsRune("-_=@,.;", r)
	})
}

func isPlain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// checkEvent says why nobody but the service may say such an event on a channel.
func checkEvent(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the event has no name")
	case utf8.RuneCountInString(name) > maxEventName:
		return fmt.Errorf("the event's name has more than %d characters", maxEventName)
	case strings.HasPrefix(name, "pusher:"), strings.HasPrefix(name, "pusher_internal:"):
		return fmt.Errorf("events that begin with %.16q are the service's own", name)
	}
	return nil
}

// toChannel is a message to who is subscribed to a channel.
func toChannel(app, channel, event string, payload []byte) Message {
	return Message{Topic: ChannelTopic(app, channel), Streams: []Name{Channel}, Event: event, Payload: payload}
}

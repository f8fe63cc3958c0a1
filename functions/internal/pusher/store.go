package pusher

import (
	"context"
	"time"

	"edgestream/functions/internal/stream"
)

// Session is a connection of an app as it is stored.
type Session struct {
	stream.Session
	// User is who is signed in; the zero User if nobody is.
	User User
	// Channels are those that the connection is subscribed to.
	Channels map[string]Subscriber
}

// User is who is signed in on a connection.
type User struct {
	// ID is the application's id of the user, 1 to 128 characters.
	ID string `json:"id"`
	// Info is what others are told of the user on presence channels where the subscription does not
	// say who comes; a JSON text, or empty.
	Info string `json:"user_info,omitempty"`
	// Watchlist are the users whose coming and going the user is told of, at most 100.
	Watchlist []string `json:"watchlist,omitempty"`
}

// Subscriber is what a connection is on one of its channels.
type Subscriber struct {
	// User is the user's id on a presence channel; empty on any other.
	User string
	// Info is what others are told of the user, a JSON text; empty: nothing.
	Info string
}

// Connections keeps connections of apps and what they are subscribed to. Every method may be called
// again after a failure. Messages of one socket race: each has its time, and of two about one
// channel the newer counts, a subscribe if they are of one millisecond. A message that was overtaken
// changes nothing and is no error, but for ErrOvertaken.
type Connections interface {
	// Open stores a connection that is being made; s.App is its app.
	Open(ctx context.Context, s stream.Session) error
	// Session is what is stored; ErrNoConnection (package stream) if there is none, or none of an app.
	Session(ctx context.Context, c stream.Connection) (Session, error)
	// Heard notes that the client has spoken. ErrNoConnection as of Session.
	Heard(ctx context.Context, c stream.Connection, at time.Time) error
	// Subscribe makes the connection a subscriber of the channel. ErrSubscribed: it is one already, by
	// another message, and holds what that has left undone; this one's time counts from now on all the same. ErrFull: the presence channel
	// has MaxMembers users, of whom this is none, and the connection is not subscribed.
	// stream.ErrTooManySubscriptions, stream.ErrNoConnection.
	//
	// Of a channel that Joins, the publisher tells the client and keeps the mapping. Of any other it
	// holds when Subscribe returns. Occupied reports whether the channel had no subscriber before.
	Subscribe(ctx context.Context, s Session, channel Channel, as Subscriber, at time.Time) (occupied bool, err error)
	// Unsubscribe ends a subscription; nil if there is none. Empty reports whether the channel seems to
	// have no subscriber left. ErrOvertaken: the connection is subscribed by a later message, which may
	// have been told ErrSubscribed. Of a channel that Joins it has then left and joined again, so that
	// the publisher tells the client once more.
	Unsubscribe(ctx context.Context, s Session, channel Channel, at time.Time) (empty bool, err error)
	// SignIn notes who is signed in on the connection, and has it watch those on the watchlist.
	// ErrOtherUser: somebody else is.
	SignIn(ctx context.Context, s Session, u User) error
	// Online are those of the users of the app who are signed in somewhere.
	Online(ctx context.Context, app string, users []string) ([]string, error)
	// Spend takes one of the client events that the connection may send in this second; false: there
	// is none left.
	Spend(ctx context.Context, s Session, at time.Time) (bool, error)
	// Leave has a connection leave everything that it holds, and nobody can use it from then on. It is
	// kept, with what it has left, until End, so that whoever dies in between can begin again and is told
	// the same. A connection that is not there, or is none of an app, is no error: there is no App.
	Leave(ctx context.Context, c stream.Connection) (Closed, error)
	// End removes a connection that holds nothing; it may be gone already.
	End(ctx context.Context, c stream.Connection) error
}

// Closed is what a connection left.
type Closed struct {
	// App is whose connection it was; empty: it was not there, or none of an app.
	App string
	// Channels are those that it was subscribed to, and Empty those of them that seem to have no
	// subscriber left.
	Channels, Empty []string
}

// Hooks tells webhooks what happens. An error says that they may not hear of it; nothing else
// depends on it.
type Hooks interface {
	// Occupied is called when a channel has got its first subscriber, and since when it has: what is
	// reported of it is ordered by that, also if there was more to do before it was reported.
	Occupied(ctx context.Context, app, channel string, since time.Time) error
	// Vacating is called when channels seem to have no subscriber left. It is needed without webhooks
	// too: who asks which channels are occupied is told by what is looked at then.
	Vacating(ctx context.Context, app string, channels ...string) error
}

// Event is one event of a channel.
type Event struct {
	Name string `json:"name"`
	// Data is the text that clients get, at most MaxData bytes.
	Data string `json:"data"`
	// Except is the socket id of the connection that does not get it; empty: all do.
	Except string `json:"socket_id,omitempty"`
	// User is who sent it, where a client did on a presence channel.
	User string `json:"user_id,omitempty"`
}

// Events writes events to Content, from where they are published.
type Events interface {
	// Publish writes the events of each channel, in their order, as one item per channel. It returns nil
	// if all of them are stored.
	Publish(ctx context.Context, app string, events []ChannelEvents) error
	// PublishClient writes an event of a client.
	PublishClient(ctx context.Context, app, channel string, e Event) error
	// Counted writes that the number of a channel's subscriptions has changed.
	Counted(ctx context.Context, app, channel string) error
}

// ChannelEvents are events for one channel.
type ChannelEvents struct {
	Channel string
	Events  []Event
}

// Directory answers the HTTP API's questions.
type Directory interface {
	// Occupied are the channels of the app with a subscriber whose names begin so, in order; at most
	// limit of them, after the name given.
	Occupied(ctx context.Context, app, prefix, after string, limit int) ([]string, error)
	// Subscriptions is how many subscriptions the channel has.
	Subscriptions(ctx context.Context, app, channel string) (int, error)
	// Subscribed reports whether the channel has a subscription: that costs little, however many it has.
	Subscribed(ctx context.Context, app, channel string) (bool, error)
	// Users are the ids of a presence channel's users, in order.
	Users(ctx context.Context, app, channel string) ([]string, error)
	// Cached is the event that a cache channel keeps, and for how long yet; false: it has none.
	Cached(ctx context.Context, app, channel string) (e Event, ttl time.Duration, ok bool, err error)
	// UserConnections are those on which the user is signed in.
	UserConnections(ctx context.Context, app, user string) ([]stream.Connection, error)
}

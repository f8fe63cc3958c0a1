package stream

// Membership is a change of who is subscribed to a channel whose subscriptions stand in Content:
// presence and cache channels, where what a newcomer is told must stand in one order with what is
// said to all. The publisher alone keeps their mappings.
type Membership struct {
	// Session is the connection, with its app.
	Session Session
	Subscription
	// Joined is true for who came, false for who left.
	Joined bool
}

// Owner is the owner in Content of a channel's events and members.
func Owner(app, channel string) string { return "app#" + app + "#" + channel }

// The kinds of items by which the service itself says what happens to a channel; their owner is Owner.
const (
	// KindRoster is a presence channel's members: id "_roster", attribute members.
	KindRoster = "_roster"
	// KindSubscription is one subscription to a cache channel that is no presence channel: id
	// "_subscription#" and the connection as ConnectionKey writes it.
	KindSubscription = "_subscription"
	// KindUser is the connections that are signed in as one user: owner Owner(app, "#server-to-user-" +
	// user), id "_user", attribute members with that user alone.
	KindUser = "_user"
	// KindClient is an event of a client: payload as of kind event.
	KindClient = "_client"
	// KindCount says that the number of a channel's subscriptions has changed: id "_count".
	KindCount = "_count"
)

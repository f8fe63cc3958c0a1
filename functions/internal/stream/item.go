package stream

import "time"

// Item is one entity of the Content table, the interface through which an application says
// what there is to stream. Its attributes are the table's, decoded and checked for type alone:
// what they mean for whom is decided by Change.Messages.
type Item struct {
	// Owner and ID are the item's key. Changes of one owner stay in order.
	Owner, ID string
	// Kind says what the payload is: "status", "notification", …
	Kind string
	// Payload is the JSON text to show (of a broadcast: any text), exactly as it is to be sent;
	// nil if the item has none.
	Payload []byte
	// Home and Lists are the accounts whose home, and the lists, that show a status.
	Home, Lists []string
	// Local is whether a status is of this server; nil: not said.
	Local *bool
	// Listed is false for a status that public and hashtag streams must not show; nil: not said.
	Listed *bool
	// Topics and Event are where a broadcast goes and the event that it is there.
	Topics []Target
	Event  string
	// App is the app on whose channel an item is shown; empty: the account's own.
	App string
	// Members are the members of a roster, by user id. Of an item that has no such attribute: nil.
	Members map[string]Member
}

// Member is one user of a channel, with every connection that is there for them.
type Member struct {
	// Info is what others are told of the user, a JSON text; empty: nothing.
	Info string
	// Connections are those of the user's that are subscribed, with when each joined.
	Connections map[Connection]time.Time
}

// Target is one stream of a broadcast, or one channel of an app.
type Target struct {
	Stream             Name
	Tag, List, Account string
	App, Channel       string
}

// Change is one record of the Content table's stream, or of another table's that says the same.
type Change struct {
	// EventID identifies the record; a repeated delivery of the record has the same.
	EventID string
	// Sequence is the record's sequence number, by which a failure is reported.
	Sequence string
	// Owner is what stays in order: the item's owner, also when the images could not be read. Of
	// another table it is the item.
	Owner string
	// At is when the change was made, to the second.
	At time.Time
	// Old and New are the item before and after; nil before an insert and after a removal.
	Old, New *Item
	// Expired says that the item was removed because its time ran out: such a removal is silent.
	Expired bool
	// Elsewhere says that the record is of another table than Content: it has no place in the order of
	// what Content says.
	Elsewhere bool
	// Unchanged says that the record changed nothing of what is shown to anybody: it is silent.
	Unchanged bool
	// Problem says why the record does not fit the Content table; nil if it does.
	Problem error
	// Raw is the whole record as it was received, for the report of a Problem.
	Raw []byte
}

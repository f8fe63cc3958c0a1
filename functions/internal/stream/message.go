package stream

import "slices"

// Message is one event for the listeners of one topic.
type Message struct {
	Topic Topic
	// Streams are the streams of the topic that get it.
	Streams []Name
	// Event is its name on the wire, for example "status.update".
	Event string
	// Payload is the text that the protocol carries as payload, for example a Status as JSON, or
	// a bare id. Nil: the event has none (filters_changed).
	Payload []byte
	// Part separates messages of one change that are independent of each other. Within one part a
	// subscription gets the first message that it hears and no other.
	Part int
	// Exact says that the message is for the Streams alone, and not for a user stream that has its
	// account's notifications too: that is told the same under another topic.
	Exact bool

	// What follows is for channels.

	// Except is the socket id of the connection that does not get it; empty: all do.
	Except string
	// Only is the id of the one connection that gets it; empty: all do.
	Only string
	// User is who sent it, where a client did on a presence channel; frames show it.
	User string
	// Member is the user whom EventMemberAdded and EventMemberRemoved are about.
	Member string
}

// For reports whether the listener hears the message.
func (m Message) For(l Listener) bool {
	if m.Only != "" && m.Only != l.ID || m.Except != "" && m.Except == l.SocketID() {
		return false
	}
	if m.Exact {
		return slices.Contains(m.Streams, l.Stream)
	}
	for _, n := range m.Streams {
		if l.Hears(n) {
			return true
		}
	}
	return false
}

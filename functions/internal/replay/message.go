package replay

import "edgestream/functions/internal/stream"

// The events that only connections with ids get, before all others of a subscription. Their id is
// the position from which it goes on.
const (
	// Gap says that events are missing, and why: {"reason":"too_old"} or {"reason":"unknown_id"}.
	Gap = "edgestream.gap"
	// Position has as its payload the id behind which a client can go on that has had nothing else.
	Position = "edgestream.position"
)

// opening are the messages with which a subscription begins.
func opening(r stream.Replay) []stream.Message {
	position := stream.Message{Event: Position, Payload: []byte(r.From)}
	if r.Gap == "" {
		return []stream.Message{position}
	}
	return []stream.Message{{Event: Gap, Payload: []byte(`{"reason":"` + r.Gap + `"}`)}, position}
}

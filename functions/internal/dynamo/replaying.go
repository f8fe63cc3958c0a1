package dynamo

import "edgestream/functions/internal/stream"

// standing is how a subscription of a session with ids stands.
type standing int

const (
	gone standing = iota
	replaying
	live
)

// accountStanding is how a subscription stands in its account's row.
func accountStanding(row item, l stream.Listener) standing {
	entry := row.get(entryName(l.ID)).fields
	at, _ := entry.get("s").fields.get(string(l.Stream)).int()
	switch {
	case at <= 0:
		return gone
	case entry.get("p").fields.get(string(l.Stream)).given():
		return replaying
	}
	return live
}

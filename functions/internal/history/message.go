package history

import (
	"strings"

	"edgestream/functions/internal/stream"
)

// Control reports whether the message is for the service's own readers, and never to be shown.
func Control(m stream.Message) bool { return strings.HasPrefix(m.Event, "_") }

// Heard is which of the entry's messages the listener gets, by index: those that it hears, of each
// Part the first, and none that is a Control.
func Heard(l stream.Listener, e Entry) (heard []int) {
	for i, m := range e.Messages {
		if Control(m) || !m.For(l) {
			continue
		}
		if n := len(heard); n > 0 && e.Messages[heard[n-1]].Part == m.Part {
			continue
		}
		heard = append(heard, i)
	}
	return heard
}

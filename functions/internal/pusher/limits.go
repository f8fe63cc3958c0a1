package pusher

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxData is how many bytes an event's data may have.
	MaxData = 10 << 10
	// MaxMembers is how many users a presence channel may have.
	MaxMembers = 100
	// MaxWatchlist is how many users a user may watch.
	MaxWatchlist = 100
	// MaxUser is how many characters a user's id may have.
	MaxUser = 128
	// maxInfo is how many bytes what is told of a user may have.
	maxInfo = 1 << 10
	// maxEvent is how many characters an event's name may have.
	maxEvent = 200
)

// Limits are those of Pusher that clients and libraries do not agree on.
// https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions
type Limits struct {
	// Channel is how many characters a channel's name may have. Pusher's limit is 164, that of its
	// server libraries 200.
	Channel int
}

// DefaultLimits are Pusher's.
func DefaultLimits() Limits { return Limits{Channel: 164} }

// CheckChannel says with ErrChannel why the name is no channel's. A channel of a user, see
// UserChannel, may have any user's id in its name.
func (l Limits) CheckChannel(name string) error {
	if user, ok := Channel(name).User(); ok {
		if CheckUser(user) != nil {
			return fmt.Errorf("%w: it names no user", ErrChannel)
		}
		return nil
	}
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrChannel)
	case len(name) > l.Channel:
		return fmt.Errorf("%w: it has more than %d characters", ErrChannel, l.Channel)
	case strings.ContainsFunc(name, notInName):
		return fmt.Errorf("%w: it may hold A–Z, a–z, 0–9 and _-=@,.; alone", ErrChannel)
	}
	return nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-=@,.;", r)
}

// CheckEvent says with ErrEvent why nobody may publish an event of this name. Those that begin with
// "pusher:" or "pusher_internal:" are the server's own.
func CheckEvent(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrEvent)
	case utf8.RuneCountInString(name) > maxEvent:
		return fmt.Errorf("%w: it has more than %d characters", ErrEvent, maxEvent)
	case strings.HasPrefix(name, "pusher:"), strings.HasPrefix(name, "pusher_internal:"):
		return fmt.Errorf("%w: the server alone sends such an event", ErrEvent)
	}
	return nil
}

// CheckUser says with ErrUser why the text is no user's id: of 1 to MaxUser characters, none of them a
// control character.
func CheckUser(id string) error {
	if id == "" || utf8.RuneCountInString(id) > MaxUser || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("%w: an id has 1 to %d characters", ErrUser, MaxUser)
	}
	return nil
}

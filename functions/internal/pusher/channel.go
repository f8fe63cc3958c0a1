package pusher

import (
	"strings"

	"edgestream/functions/internal/stream"
)

// Channel is a channel's name, for example "presence-room".
// https://pusher.com/docs/channels/using_channels/channels/
type Channel string

// userPrefix begins the channel on which the server speaks to one user.
const userPrefix = "#server-to-user-"

// UserChannel is the channel on which the server speaks to the user.
func UserChannel(user string) Channel { return Channel(userPrefix + user) }

// User is whom the server speaks to on the channel; false if it is no such channel.
func (c Channel) User() (user string, ok bool) { return strings.CutPrefix(string(c), userPrefix) }

// Presence reports whether subscribers know each other.
func (c Channel) Presence() bool { return strings.HasPrefix(string(c), "presence-") }

// Private reports whether a subscriber needs a signature; presence channels are.
func (c Channel) Private() bool { return strings.HasPrefix(string(c), "private-") || c.Presence() }

// Encrypted reports whether the server cannot read what is said.
func (c Channel) Encrypted() bool { return strings.HasPrefix(string(c), "private-encrypted-") }

// Cache reports whether a newcomer gets the last event.
func (c Channel) Cache() bool { return stream.IsCacheChannel(string(c)) }

// Joins reports whether subscriptions stand in Content, see stream.Membership: what a newcomer is
// told first must stand in one order with what is said to all.
func (c Channel) Joins() bool { return c.Presence() || c.Cache() }

package stream

import "slices"

// Scopes are the OAuth scopes of a token, https://docs.joinmastodon.org/api/oauth-scopes/.
type Scopes []string

// Allow reports whether a token with these scopes may listen to the stream.
func (s Scopes) Allow(n Name) bool {
	if n == UserNotification {
		return s.Notifications()
	}
	return s.any("read", "read:statuses")
}

// Notifications reports whether a user stream of this token carries notifications too.
func (s Scopes) Notifications() bool { return s.any("read", "read:notifications") }

func (s Scopes) any(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(s, scope) })
}

package cloudapp

import (
	"encoding/json"
	"strings"
)

// maxCallback is over what pusher-js makes of the longest channel name.
const maxCallback = 256

// ValidCallback reports whether the text is what pusher-js calls its callbacks, and so may be written into
// a script: Pusher.auth_callbacks['private-items_1'], or, since 2.x, with a count in place of the
// channel.
func ValidCallback(text string) bool {
	name, begins := strings.CutPrefix(text, "Pusher.auth_callbacks['")
	name, ends := strings.CutSuffix(name, "']")
	return begins && ends && len(text) <= maxCallback && isCallbackName(name)
}

// isCallbackName reports whether the text consists of what channel names consist of.
// https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions
func isCallbackName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("-_=@,.;", r)
	})
}

// Script is the answer that a <script> element gets: a call of the callback, which must be valid, with the
// authorisation; with an empty object, which ends in subscription_error, if it is nil.
func Script(callback string, a *Authorisation) []byte {
	data := []byte("{}")
	if a != nil {
		data, _ = json.Marshal(a) // cannot fail; it escapes what a script must not hold
	}
	b := append([]byte(callback), '(')
	return append(append(b, data...), ");"...)
}

package cloudapp

import (
	"strings"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// maxSocketID is how many characters a socket id has at most.
const maxSocketID = 64

// Channel is the channel that tells the account's items; empty if the account's id cannot be part of a
// channel's name.
func Channel(account string) string {
	if channel := stream.ItemsChannel(account); account != "" && pusher.DefaultLimits().CheckChannel(channel) == nil {
		return channel
	}
	return ""
}

// isSocketID reports whether the text is a socket id, two decimal numbers: "123.456". Anything else
// could make a signature mean what it does not.
func isSocketID(text string) bool {
	first, second, ok := strings.Cut(text, ".")
	return ok && len(text) <= maxSocketID && isDecimal(first) && isDecimal(second)
}

func isDecimal(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

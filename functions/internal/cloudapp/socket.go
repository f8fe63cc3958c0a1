package cloudapp

import (
	"strings"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Channel is the channel that tells the account's items; empty if the account's id cannot be part of a
// channel's name.
func Channel(account string) string {
	if channel := stream.ItemsChannel(account); account != "" && pusher.DefaultLimits().CheckChannel(channel) == nil {
		return channel
	}
	return ""
}

func isDecimal(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

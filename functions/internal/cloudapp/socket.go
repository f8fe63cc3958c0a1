package cloudapp

import "strings"

const (
	// channelPrefix begins the channel of an account's items.
	channelPrefix = "private-items_"
	// maxChannel is how many characters a channel's name has at most, maxSocketID a socket id.
	maxChannel, maxSocketID = 164, 64
)

// Channel is the channel that tells the account's items; empty if the account's id cannot be part of a
// channel's name.
func Channel(account string) string {
	if channel := channelPrefix + account; account != "" && len(channel) <= maxChannel && isChannelName(channel) {
		return channel
	}
	return ""
}

// validSocketID reports whether the text is a socket id, two decimal numbers: "123.456". Anything else
// could make a signature mean what it does not.
func validSocketID(text string) bool {
	first, second, ok := strings.Cut(text, ".")
	return ok && len(text) <= maxSocketID && isDecimal(first) && isDecimal(second)
}

func isDecimal(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

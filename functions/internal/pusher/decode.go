package pusher

import (
	"encoding/json"
	"strings"
)

// The events that clients send, besides their own.
const (
	eventSubscribe   = "pusher:subscribe"
	eventUnsubscribe = "pusher:unsubscribe"
	eventPing        = "pusher:ping"
	eventPong        = "pusher:pong"
	eventSignIn      = "pusher:signin"
	clientPrefix     = "client-"
)

// message is what a client sent.
type message struct {
	event string
	// channel is a client event's.
	channel string
	// data is JSON as it was sent; nil if there was none.
	data json.RawMessage
}

// request is the data of an event that the server answers. What is there and no string counts as not
// sent.
type request struct {
	channel     Channel
	auth        string
	userData    string
	channelData []string // one, or none
}

// Speaks reports whether a text frame is one of this protocol, and not of another that the same
// socket could be of: a JSON object with an event, and with no type unless the event is the
// protocol's own or a client's.
func Speaks(body string) bool {
	fields, ok := object([]byte(body))
	if !ok {
		return false
	}
	event, ok := text(fields["event"])
	_, typed := fields["type"]
	return ok && (!typed || strings.HasPrefix(event, "pusher:") || strings.HasPrefix(event, clientPrefix))
}

// decode reads a client's message. It is false for what is to be ignored: no JSON object, or one
// without an event. Keys are case-sensitive, and of a repeated key the last counts, as in JavaScript.
func decode(body string) (message, bool) {
	fields, ok := object([]byte(body))
	if !ok {
		return message{}, false
	}
	event, ok := text(fields["event"])
	channel, _ := text(fields["channel"])
	return message{event: event, channel: channel, data: fields["data"]}, ok && event != ""
}

// request reads the data: an object, or, as some clients send it, a string that holds one.
func (m message) request() request {
	data := m.data
	if inner, ok := text(data); ok {
		data = json.RawMessage(inner)
	}
	fields, _ := object(data)
	channel, _ := text(fields["channel"])
	auth, _ := text(fields["auth"])
	userData, _ := text(fields["user_data"])
	r := request{channel: Channel(channel), auth: auth, userData: userData}
	if channelData, ok := text(fields["channel_data"]); ok {
		r.channelData = []string{channelData}
	}
	return r
}

// payload is the data of a client event as others get it: what a string holds, and any other JSON
// as it was sent.
func (m message) payload() string {
	if inner, ok := text(m.data); ok {
		return inner
	}
	return string(m.data)
}

// object reads a JSON object.
func object(b []byte) (fields map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal(b, &fields)
	return fields, err == nil && fields != nil
}

// text is the value if it is a string.
func text(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

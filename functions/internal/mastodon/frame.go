package mastodon

import (
	"edgestream/functions/internal/quote"
	"edgestream/functions/internal/stream"
)

// Frame is the message as the holder of the subscription gets it:
//
//	{"stream":["hashtag","Café"],"event":"update","payload":"{\"id\":…}"}
//
// in this key order, the tag spelled as the client did, the payload one JSON string whatever it
// holds. A message without payload (filters_changed alone) has no such key: that is how it is
// documented, and masto.js, go-mastodon and the web client read it so; null is for server-sent
// events, where a line must follow.
//
// Equal subscriptions get equal bytes, so one encoding serves all of them.
func Frame(s stream.Subscription, m stream.Message) []byte { return FrameID(s, m, "") }

// FrameID is Frame for a connection that asked for ids: the id is the last member. Without an id
// it is Frame.
func FrameID(s stream.Subscription, m stream.Message, id string) []byte {
	b := make([]byte, 0, len(m.Payload)+len(m.Payload)/8+len(s.Param)+len(id)+104)
	b = quote.Append(append(b, `{"stream":[`...), []byte(s.Stream))
	if takesParam(s.Stream) {
		b = quote.Append(append(b, ','), []byte(s.Param))
	}
	b = quote.Append(append(b, `],"event":`...), []byte(m.Event))
	if m.Payload != nil {
		b = quote.Append(append(b, `,"payload":`...), m.Payload)
	}
	if id != "" {
		b = quote.Append(append(b, `,"id":`...), []byte(id))
	}
	return append(b, '}')
}

// WithID is FrameID made of the bytes of Frame, which it does not change: the payload, quoted once,
// serves everybody.
func WithID(frame []byte, id string) []byte {
	b := make([]byte, 0, len(frame)+len(id)+len(`,"id":""`))
	b = append(b, frame[:len(frame)-1]...)
	return append(quote.Append(append(b, `,"id":`...), []byte(id)), '}')
}

func takesParam(n stream.Name) bool { return n.TakesTag() || n.TakesList() }

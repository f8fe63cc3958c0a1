package pusher

import (
	"encoding/json"
	"strconv"

	"edgestream/functions/internal/quote"
	"edgestream/functions/internal/stream"
)

// The events that the server alone sends.
const (
	Established   = "pusher:connection_established"
	Subscribed    = "pusher_internal:subscription_succeeded"
	MemberAdded   = "pusher_internal:member_added"
	MemberRemoved = "pusher_internal:member_removed"
	CacheMiss     = "pusher:cache_miss"
	Watched       = "pusher_internal:watchlist_events"
	Counted       = "pusher_internal:subscription_count"
	SignedIn      = "pusher:signin_success"
	Failed        = "pusher:error"
	NotSubscribed = "pusher:subscription_error"
)

// activityTimeout is how many seconds without a frame a client waits before it asks whether the server
// is there. Clients throw where it is missing.
const activityTimeout = 120

// Frame is the message as the holder of the subscription gets it:
//
//	{"event":"message","channel":"presence-room","data":"{\"id\":1}","user_id":"7"}
//
// in this key order. The channel is the subscription's; a subscription to Watch has none. The payload
// is the exact text that the JSON string data holds, with two exceptions: of Watched and Counted it
// is JSON and stands there as it is, an object; and a message without a payload (nil: CacheMiss) has
// no data. The user is there if the message has one.
//
// Nobody but the server may say an event of those two names: see CheckEvent.
//
// Equal subscriptions get equal bytes, so one encoding serves all of them.
func Frame(s stream.Subscription, m stream.Message) []byte {
	b := make([]byte, 0, len(m.Payload)+len(m.Payload)/8+len(m.Event)+len(s.Param)+len(m.User)+64)
	b = quote.Append(append(b, `{"event":`...), []byte(m.Event))
	if s.Stream == stream.Channel {
		b = quote.Append(append(b, `,"channel":`...), []byte(s.Param))
	}
	switch {
	case m.Payload == nil:
	case m.Event == Watched, m.Event == Counted:
		b = append(append(b, `,"data":`...), m.Payload...)
	default:
		b = quote.Append(append(b, `,"data":`...), m.Payload)
	}
	if m.User != "" {
		b = quote.Append(append(b, `,"user_id":`...), []byte(m.User))
	}
	return append(b, '}')
}

// Ping is the frame that asks a client whether it is there.
func Ping() []byte { return []byte(`{"event":"pusher:ping","data":{}}`) }

func pongFrame() []byte { return []byte(`{"event":"pusher:pong","data":{}}`) }

func establishedFrame(c stream.Connection) []byte {
	data := quote.Append([]byte(`{"socket_id":`), []byte(c.SocketID()))
	data = strconv.AppendInt(append(data, `,"activity_timeout":`...), activityTimeout, 10)
	return Frame(stream.Subscription{}, stream.Message{Event: Established, Payload: append(data, '}')})
}

func subscribedFrame(channel Channel) []byte {
	return Frame(subscription(channel), stream.Message{Event: Subscribed, Payload: []byte("{}")})
}

func signedInFrame(userData string) []byte {
	data := quote.Append([]byte(`{"user_data":`), []byte(userData))
	return Frame(stream.Subscription{}, stream.Message{Event: SignedIn, Payload: append(data, '}')})
}

// watchedEvent is one of a frame of Watched.
type watchedEvent struct {
	Name  string   `json:"name"`
	Users []string `json:"user_ids"`
}

func watchedFrame(events []watchedEvent) []byte {
	data, _ := json.Marshal(struct { // texts always marshal
		Events []watchedEvent `json:"events"`
	}{events})
	return Frame(stream.Subscription{Stream: stream.Watch}, stream.Message{Event: Watched, Payload: data})
}

// errorFrame is an error of the connection; data is an object.
func (r refusal) errorFrame() []byte {
	b := append([]byte(`{"event":"`), Failed...)
	b = append(b, `","data":{"code":`...)
	if r.code == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(r.code), 10)
	}
	b = quote.Append(append(b, `,"message":`...), []byte(r.text))
	return append(b, "}}"...)
}

// subscriptionFrame is the refusal of a subscription; data is an object.
func (r refusal) subscriptionFrame(channel Channel) []byte {
	b := append([]byte(`{"event":"`), NotSubscribed...)
	b = quote.Append(append(b, `","channel":`...), []byte(channel))
	b = quote.Append(append(b, `,"data":{"type":`...), []byte(r.kind))
	b = quote.Append(append(b, `,"error":`...), []byte(r.text))
	b = strconv.AppendInt(append(b, `,"status":`...), int64(r.status), 10)
	return append(b, "}}"...)
}

func subscription(c Channel) stream.Subscription {
	return stream.Subscription{Stream: stream.Channel, Param: string(c)}
}

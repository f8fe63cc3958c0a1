package mastodon

import "edgestream/functions/internal/stream"

// keepAlive is an event that no client knows: Mastodon.py and go-mastodon pass it on or over.
// masto.js would throw on a frame without a stream, and parses the payload of unknown events too.
var keepAlive = stream.Message{Event: "edgestream.keepalive", Payload: []byte("{}")}

// KeepAlive is the frame that keeps a quiet connection open, for one of its subscriptions, with an id
// as FrameID has it:
//
//	{"stream":["user"],"event":"edgestream.keepalive","payload":"{}"}
func KeepAlive(s stream.Subscription, id string) []byte { return FrameID(s, keepAlive, id) }

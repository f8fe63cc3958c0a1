// Package mastodon speaks Mastodon's streaming protocol over a WebSocket,
// https://docs.joinmastodon.org/methods/streaming/#websocket: it finds the token, reads the
// client's messages, decides who may listen to what, and writes the frames.
//
// Where that page and a running server disagree, it follows the server, because that is what
// clients were written against.
//
// # What a client is told
//
// There is no acknowledgement. A refused subscribe is answered with one frame,
// {"error":"…","status":…}, see RefusalOf; a failed unsubscribe with
// {"error":"Error unsubscribing from channel"}. What is no message at all (broken JSON, no
// object, an unknown type) is ignored: an error frame throws in every subscription that
// masto.js has on the socket, so none is sent that a Mastodon server would not send, but for
// the limits that it does not have.
//
// # Odd input
//
// A tag or list that is a number counts as its digits. One that is null, true, an array or an
// object counts as missing. A stream that is no string is unknown. A tag of which nothing is
// left after normalising, such as an emoji, can be subscribed to and never matches a word.
// Keys are case-sensitive, and of a repeated key the last counts, as in JavaScript.
//
// # Clients that resume
//
// This is Edgestream's own, for clients that ask for it with ?event_ids=true (or 1); for others
// nothing differs. Every frame of such a connection has an id as its last member (FrameID), and
// every subscription begins with the event edgestream.position, whose payload is an id too. An id
// in last_event_id, of the URL or of a subscribe, is where the subscription goes on: what was missed
// comes first, then what is new. A frame may come twice, with the same id. If something is missing,
// because the id is too old or none of this stream and account, the event edgestream.gap says so
// before anything else.
//
// A subscription of such a connection is made in this order, so that nothing is between: its
// events are logged from now on (Positions), the position is known, the mapping is written as one
// that is being replayed, the replay is asked for. A replay that cannot be asked for undoes the
// subscription and is an error like any other.
//
// # What changes meanwhile
//
// A list may be given away, and an account may change its filters, between the look at them and the
// subscription that relies on it. So both are looked at again once it is written (Recheck).
//
// # What it relies on
//
// The package knows neither AWS nor HTTP. Storage and delivery stand behind the small
// interfaces that Connect and Messages name.
package mastodon

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
// # What it relies on
//
// The package knows neither AWS nor HTTP. Storage and delivery stand behind the small
// interfaces that Connect and Messages name.
package mastodon

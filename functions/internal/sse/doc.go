// Package sse serves streams as server-sent events, as a net/http handler that stands behind a Lambda
// function URL in response streaming mode (Serve), or behind any other HTTP server.
//
// https://docs.joinmastodon.org/methods/streaming/#streams,
// https://html.spec.whatwg.org/multipage/server-sent-events.html
//
// # A response
//
//	:)                         at once
//	event: … data: … id: …     edgestream.position, for a client that asked; and what the stream's logs hold that is new, polled twice a second
//	:thump                     every 15 seconds
//
// It ends as planned after some minutes (Handler.Lifetime), before Lambda's 15, or before it is
// longer than Lambda allows (Handler.MaxBytes); when the token runs
// out; when a control entry of its log says so (a token revoked, a list moved); when History
// cannot be read for 30 seconds; and when the client is gone, which Lambda does not tell: a
// response whose client has gone goes on to its planned end.
//
// # Nothing lost, nothing twice
//
// The id of an event is the position behind it. A client that comes back with the last one it got
// (Last-Event-ID, or last_event_id in the query) is served everything behind it, once. If that
// cannot be, because it has been too long or the id is none, the first event is edgestream.gap with
// {"reason":"too_old"} or {"reason":"unknown_id"}; a client that sent no id never gets it.
//
// A client that has had no event has no id yet. With ?event_ids=true (or 1) the first event is
// edgestream.position, as on a WebSocket: its id is the position from which the response goes on, so that
// a stream on which nothing has happened can be resumed too. An id without an event would do for a
// browser, which keeps it and shows nothing, but Mastodon.py ends on it; so only who asks is told.
//
// Clients such as Mastodon.py keep no ids. For them the end that is planned leaves a handoff: the
// position behind the last byte, for half a minute, for the next request of the same token, stream,
// User-Agent and address. It also serves a client with an id, whose last event may be older than
// what History keeps though nothing came after it.
//
// What cannot be saved: a client without ids (or without event_ids and before its first event) whose
// connection breaks, or whose function is killed, misses what happens until it is back.
//
// # What it costs
//
// Each response holds one execution of the function while it lasts, so there are slots for them
// (dynamo.Slots), and each counts as one of its account's connections. A quiet stream costs half a
// read unit per log and poll. Paths that are none, and refusals before a token is looked up, touch no table.
//
// # Writing
//
// Write returns once the bytes are on their way, and blocks while the client does not read. It runs
// in a goroutine of its own so that a client that reads a byte a second holds a response no longer
// than planned. A position covers only what was written.
//
// What was read and cannot be written yet waits in memory, about a megabyte of it, and is not read
// again. Every two seconds, and every five while a write lasts, a look at History finds the control entries,
// which hold for what is waiting too: what ends a response ends it also if its client does not read.
package sse

// Package apigateway is an Amazon API Gateway WebSocket API on one machine: the
// sockets, the events that its routes hand to functions, and the @connections
// management API, on one http.Handler.
//
// It is strict where API Gateway is strict, so that what works here works there:
// the handshake waits for $connect, a post during $connect is 410, frames of one
// socket run side by side, limits close the socket with AWS's codes, and errors of
// the management API carry X-Amzn-ErrorType.
//
//	client ── GET /{stage} ──▶ $connect ──▶ 101 ──▶ open ──▶ closed ──▶ $disconnect
//	                              │                  ▲ │
//	                              └─▶ its status     │ └─ message ──▶ route ──▶ function
//	function ── POST /{stage}/@connections/{id} ─────┘
//
// The WebSocket protocol is spoken here and not by a library: the limit on a single
// frame, the order of the 101 and the first post, and the code and reason that
// $disconnect is told are not visible through one.
//
// A connection has one goroutine that reads, and a second one only while there is
// something to write. Its life is one way: open, then closing (the cause is set
// once, posts are answered 410), then closed, and then $disconnect runs, exactly
// once. What API Gateway does where its documents are silent is marked "not
// documented" beside the code.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
// https://www.rfc-editor.org/rfc/rfc6455
package apigateway

// Package route is the door between API Gateway's WebSocket API and the domain: Lambda handlers
// that turn its events into calls, and what comes of them into statuses and log lines.
//
// One API serves two protocols, Mastodon's and Channels. A handshake that names an app is of the
// latter, and so is a message with an event; a connection that ends is asked of both.
//
// # What a handler may return
//
// Never an error, and never a panic, but for Greet and Replay, which are no routes: Lambda invokes
// them asynchronously and does with an error what the template says. API Gateway answers a failed
// $connect with 502, and a failed message with a frame of its own ({"message":"Internal server
// error",…}), which throws in every subscription that masto.js has on the socket. So a handler
// recovers, logs, and answers with a status; of $connect the client sees that status and the
// subprotocol, of the other routes nothing: every reply is posted.
//
// A handler keeps Margin of its time, so that storage that hangs becomes an answer and not a
// function that is killed.
//
// # What is logged
//
// One line for each thing that was refused (Info: the client's fault) or failed (Error: the
// service's), with the connection and request ids. No token, no part of one, no payload. Success
// is quiet, since a log line costs about as much as the invocation.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
package route

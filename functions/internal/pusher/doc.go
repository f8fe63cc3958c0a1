// Package pusher speaks the Channels protocol,
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/.
package pusher

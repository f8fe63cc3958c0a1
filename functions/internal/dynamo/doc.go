// Package dynamo keeps connections, looks up accounts and reads content changes, in DynamoDB.
//
//   - Connections: which connections are open, what they subscribe to, and who listens to a
//     topic (table Connections).
//   - Accounts: what an access token allows (table Accounts).
//   - Change: a record of the Content table's stream, decoded.
//
// # The Connections table
//
// Keys are pk and sk, texts; expiresAt is the time to live. Attribute names are short, since most
// rows are written a few times and billed by size.
//
//	pk                  sk                                     attributes
//	connection#0a       1769900000123#PJqB0fHsqRcCHlw=         a account, sc scopes, h token hash, u token expiry, o written,
//	                                                           s {key: {t time, p spelling, off}}, n how many are on
//	account#1           account                                n how many connections, and for each of them
//	                                                           @PJqB…= {c connected at, o, u, r, s {stream: ±time}}
//	topic#hashtag/foo   3f0c#PJqB0fHsqRcCHlw=#hashtag#foo      a, c, t, p, u, o, off
//
// A connection's row is found from what every event carries. Its partition is one of 16, by a hash
// of its id, so that a reader of a time range (a sweep, an announcement to everyone) has a fixed
// number of keys to read. An account's own streams (user, user:notification, direct) stand in the
// account's row alone, with its connections: a connection that opens with ?stream=user costs two
// writes, and a notification one read. Each connection is an attribute of its own there, not a
// member of a map, because an update can create an attribute and cannot create a map and a member
// at once. Public streams are read and written by so many that they are spread over 8 keys.
//
// # Racing messages
//
// Messages of one connection are handled side by side. Each entry and mapping keeps the time of
// the message that wrote it, and yields only to a newer one, or, to a subscribe, to one of the same
// time. An unsubscribe leaves a tombstone (off, or a negative time) so that an older subscribe that
// comes later finds it. Subscribing first decides on the connection's row, in one conditional
// update that knows limit, duplicate and first spelling, and then writes the mapping; both
// steps follow the rule on their own, so whatever the order of the steps of two messages, both
// rows end with the newer one. Every step may be repeated.
//
// Whatever a crash or a race with the disconnect leaves behind is removed when a post finds the
// connection gone (Forget), or by its time to live.
package dynamo

// Package dynamo keeps connections, looks up accounts and reads content changes, in DynamoDB.
//
//   - Connections: which connections are open, what they subscribe to, and who listens to a
//     topic (table Connections).
//   - Slices and Pace: what is under way to topics with very many listeners, and how fast (table
//     Connections).
//   - Accounts: what an access token allows (table Accounts).
//   - History: what was said to topics lately (table History).
//   - Change and AccountChange: records of the streams of Content and Accounts, decoded.
//
// # The Connections table
//
// Keys are pk and sk, texts; expiresAt is the time to live. Attribute names are short, since most
// rows are written a few times and billed by size.
//
//	pk                  sk                                     attributes
//	connection#0a       1769900000123#PJqB0fHsqRcCHlw=         a account, sc scopes, h token hash, u token expiry, o written,
//	                                                           e asked for ids, f what is filtered (stream.Grant.Viewer),
//	                                                           s {key: {t time, b made, p spelling, off}}, n how many are on;
//	                                                           of an app: ap app, o, s (with w user and i info on presence
//	                                                           channels), n, us {i user, f info, w watchlist}, cl being closed
//	account#1           account                                n how many connections, and for each of them
//	                                                           @PJqB…= {c connected at, o, u, r, e, f, h its first 16 digits,
//	                                                                    s {stream: ±made}, p {stream: turn}};
//	                                                           @… {c, u, h, l topic, q subscription} of a reader of
//	                                                           server-sent events;
//	                                                           !0a0a… and !off revoked at; k {s since, u until} its head
//	topic#hashtag/foo   3f0c#PJqB0fHsqRcCHlw=#hashtag#foo      a (or ap), c, t made, p, u, o, e, f, g turn, off
//	topic#hashtag/foo   !head                                  k {s since, u until}
//	topic#hashtag/foo   !wide#the record's id                  s0… to s15 where the slice got to, or false: closed
//	owner#1             !wide#the record's id                  the same, of what goes to accounts
//	owner#1             !open                                  @digest of an id: until when it may be open, n how many,
//	                                                           u until when more than those may be
//	closed#0a0a…        closed                                 s0… of an event that was open: those that have been closed
//	budget              budget                                 t up to when posts are reserved, in microseconds
//	until#29498333      1769900000123#1769896400000#PJqB…=     a connection whose token runs out at that time, in that minute
//	sweep               sweep                                  u swept until, n how many were due
//	reader              000042                                 o reader that holds this slot, u until
//	handoff#3f0c…       1769900000123#8476a536-…               p position, l last event's id, u until, t reader that took it
//
// A connection's row is found from what every event carries. Its partition is one of 16, by a hash
// of its id, so that a reader of a time range (a sweep, an announcement to everyone) has a fixed
// number of keys to read. An account's own streams (user, user:notification, direct) stand in the
// account's row alone, with its connections: a connection that opens with ?stream=user costs two
// writes, and a notification one read. Each connection is an attribute of its own there, not a
// member of a map, because an update can create an attribute and cannot create a map and a member
// at once. Connections of apps stand in no account's row. Public streams are read and written by so
// many that they are spread over 8 keys.
//
// # Racing messages
//
// Messages of one connection are handled side by side. A connection's row keeps for each
// subscription the time of its newest message, which yields only to a newer one, or, to a subscribe,
// to one of the same time. An unsubscribe leaves a tombstone (off, or a negative time) so that an
// older subscribe that comes later finds it. Subscribing first decides on the connection's row, in
// one conditional update that knows limit, duplicate and first spelling, and then writes the
// mapping, by the same rule, with the time of the message that made the subscription: that a
// duplicate came is the connection's row's to know, and leaves a mapping that is there as it is. So
// whatever the order of the steps of two messages, both rows end with the newer one, and a mapping
// whose time stays is one subscription. Every step may be repeated.
//
// # Logs and replays
//
// A topic is kept while it has a head, which stands where a look-up of its audience reads anyway.
//
// A subscription of a session with ids begins as one that is being replayed: its mapping has a turn
// (g, or p in the account's row) until the replay has caught up. Defer and CaughtUp are conditional
// updates of the turn alone, so that one of them comes first: either the replay finds the turn
// moved and reads on, or the publisher finds none and posts. The turn of a user stream stands in
// the account's row, for what is said to everyone too: a look-up of everyone reads the connections'
// rows, and then the accounts' of those with ids. That costs more where an announcement is made,
// which is rare, and spares every replay a second write.
//
// # Wide segments
//
// The mappings under one key are a segment of their topic, and the first digit of their sort keys is
// the slice in which they are: a connection never changes either. What is said to a segment with very
// many is delivered slice by slice, later. Until then the segment has an open row, which sorts before
// the mappings: so a look-up, which is consistent, finds it with the first page, and leaves the segment
// out, so that nothing is delivered past what is under way. A look-up stops where it knows that a segment
// is wide. EveryoneTopic is one segment, and its slices are the 16 keys of the connections.
//
// What is left to do stands in the row before the step that needs it: an owner's list has the event
// before its row is made, and loses it before that is deleted. So a crash leaves a segment that is
// found open, and not one that is found closed; the part that comes again, or the row's time to live, ends that.
//
// Whatever a crash or a race with the disconnect leaves behind is removed when a post finds the
// connection gone (Forget), or by its time to live.
//
// # The History table
//
//	pk                  sk                  attributes
//	log#hashtag/foo     the record's id     at place in microseconds, w writer, n number, p previous place, o owner, q sequence,
//	                                        m [{e event, s streams, p part, d payload or r index of the message that has it}]
//
// A local index by place is what readers read. It doubles what a row counts for, so a row holds half
// of what one may hold elsewhere.
package dynamo

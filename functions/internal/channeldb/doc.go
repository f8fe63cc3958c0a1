// Package channeldb keeps what there is of the channels of apps, in DynamoDB.
//
//   - Channels: who is subscribed to which channel, who is signed in, which channels are occupied, what
//     cache channels hold, and what is published (tables Connections and Content).
//   - Apps: what apps there are (table Accounts).
//   - Items: what CloudApp lists (table Content).
//
// Connections have the rows and mappings that package dynamo keeps, which is asked for them (Rows).
// Rows of this package in Connections, with texts pk and sk, and expiresAt as the time to live:
//
//	pk                          sk                     attributes
//	occupied#4072#5             presence-room          o since when, t token, v mark, d fallen, w when, p fell before
//	member#4072#presence-room   7                      the same: webhooks know the member
//	cache#4072#cache-news       cache                  e event, q sequence number of its record
//	alive#0a                    1769900000123#PJqB…=   ap app, hd heard, pg asked, du look at
//	spent#PJqB…=                …#120000               n client events in that second
//
// and items in Content, whose owner is stream.Owner:
//
//	id                          kind            attributes
//	_roster                     _roster         members {user: {i: info, c: {connection: joined}}}
//	_user                       _user           members, of a user's own channel: where the user is signed in
//	_subscription#1769…#PJqB…=  _subscription   made
//	_count                      _count          at, r: another text each time
//	event#1769900000123-…       event, _client  payload
//
// # Places
//
// A subscription is decided on the connection's row (limit, duplicate, which message is the newest),
// and then takes its place: on the channel's roster, in an item of its own (cache channels), or in a
// mapping. A place has the time of the message that made the subscription, and yields to later ones
// alone. Since messages, and the disconnect, race each other, an end may free the place before it is
// taken: so whoever has taken a place reads the connection's row again, and frees it if the
// subscription does not stand. An end is in the row before it frees anything, so of the two at least
// one sees the other. A disconnect first marks the row, so that nothing new is decided there, and
// deletes it last, so that it can be repeated.
//
// # Rosters
//
// Each change of a roster is one conditional write: a tab is added to its user or the user with it, a
// tab is taken or the user with the last one, or the whole item with the last user. So no user stands
// there without a connection, whatever dies in between, and each record of the item shows a true state.
// A roster that was not written for three hours is of connections that cannot be open, and is begun anew.
//
// # Marks
//
// Whether a channel is occupied is a row, not a counter. Who comes takes a place, and then reads the
// row, and writes it if it is not there or is marked. Who thinks that everybody has left marks the row,
// looks at the places, and has it fall if it has the mark still. So either the look sees the newcomer,
// or the newcomer sees the mark, or finds the row fallen and reports the channel as occupied again.
//
// A request whose answer is lost is made again, and then finds what it has done: the row has the token of who
// made it, and one that falls keeps the mark until that is known, so that each is reported all the same. An
// instance that dies before it tells of a fall leaves the row, and whoever is asked the same later tells of it.
package channeldb

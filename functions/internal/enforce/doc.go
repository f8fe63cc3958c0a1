// Package enforce carries changes of the Accounts table to what is open: a token that is revoked
// ends its connections, a list that moves stops flowing to its old owner, filters that change take
// effect. It is driven by the table's stream, so nobody polls for it and it is a matter of seconds.
//
// # What follows from a change
//
// Change.Orders is a pure function of the row before and after, and of the time:
//
//	token     removed, revoked, expired or malformed,     close the token's connections
//	          another account, fewer scopes, less time
//	account   disabled, suspended or malformed            close all of the account's
//	          another viewer version, or removed          give it to what is open
//	          other filters                               say filters_changed
//	list      made, removed, or of another owner          end the subscriptions of others, and say
//	                                                      in its log, if it has one, whose it was
//	app       removed, disabled or malformed,             close all of the app's
//	          another key or secret
//
// A row that does not fit the table counts as one that allows nothing, as it does when a
// connection is opened. A token that allows more than before, or for longer, changes nothing: its
// connections keep what they were opened with, and end when they were to end.
//
// # Against a connection that is just being opened
//
// Directory.Revoke leaves a mark in the account's row in the same write that lists the
// connections. A connection that was admitted before is in the list; one that comes after finds
// the mark and is refused, unless its token was looked up some seconds after the mark was made. So
// none slips through between a check of its token and its first event, and a token that is still good
// for less is good at once.
//
// A $connect that was admitted may still be writing what it is to hear while that is removed, and
// its socket may open when nobody waits for it any more (Config.Patience). So one that has taken
// two seconds looks again, at its end, whether it is still admitted (mastodon.Connect).
//
// # Closing
//
// The socket first: what is closed gets nothing. If that cannot be done at once, because API
// Gateway is failing or the connection is not open yet, all that could reach it is removed
// (Silence) and it is tried again. The account's row names the connection until it is closed, so
// that a change that failed half-way, and comes again, finds it. Every step may be repeated.
// Readers of server-sent events have no socket that could be closed from here: they are told by an
// entry in a log that they read.
package enforce

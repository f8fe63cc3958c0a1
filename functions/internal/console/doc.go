// Package console is a page to try streams and channels with, and the small API behind it: connect
// with a token or an app's key, see frames as they arrive, write content, make and revoke tokens.
//
// It is for trying and for tests. Whoever holds a valid token may write any content with it, publish
// on channels of any app, have them signed for, and make further tokens of the same account, which an
// application's own API would never allow; so a deployment has it only if it asks for it (parameter
// Console). It never shows an app's secret, and signs for nobody but the token's account: as that user
// on presence channels, and for the items of no other.
//
//	GET    /                  the page, with what the stack's protocols have
//	GET    /console/…         its script and style
//	GET    /console/account   {account}: whose token it is
//	POST   /console/content   {kind, id, payload, to, home, lists, listed, topics, event}: writes an item
//	DELETE /console/content   ?kind=&id=&to=: removes an item
//	POST   /console/channels/auth    {key, channel, socket_id}: signs for a private or presence channel
//	POST   /console/channels/events  {key, channel, name, data}: publishes an event on a channel
//	POST   /console/tokens    {seconds}: a new token of the same account and scopes
//	DELETE /console/tokens    revokes the token that the request carries
//
// Every call but the first two carries a token, as the streaming API takes it. Errors are
// {"error":"…"}. An item's owner is the token's account, or the account in "to" for what somebody
// is sent (notification, conversation, merge), or "announcements" for announcement and reaction.
package console

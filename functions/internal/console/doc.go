// Package console is a page to try streams with, and the small API behind it: connect with a token,
// see frames as they arrive, write content, make and revoke tokens.
//
// It is for trying and for tests. Whoever holds a valid token may write any content with it and
// make further tokens of the same account, which an application's own API would never allow; so a
// deployment has it only if it asks for it (parameter Console).
//
//	GET    /                  the page
//	GET    /console/…         its script and style
//	GET    /console/account   {account}: whose token it is
//	POST   /console/content   {kind, id, payload, to, home, lists, listed, topics, event}: writes an item
//	DELETE /console/content   ?kind=&id=&to=: removes an item
//	POST   /console/tokens    {seconds}: a new token of the same account and scopes
//	DELETE /console/tokens    revokes the token that the request carries
//
// Every call but the first two carries a token, as the streaming API takes it. Errors are
// {"error":"…"}. An item's owner is the token's account, or the account in "to" for what somebody
// is sent (notification, conversation, merge), or "announcements" for announcement and reaction.
package console

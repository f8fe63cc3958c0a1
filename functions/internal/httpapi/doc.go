// Package httpapi answers the HTTP API of the Channels protocol, by which an application's servers
// publish events and ask about channels.
//
// https://pusher.com/docs/channels/library_auth_reference/rest-api/
//
//	POST /apps/{app}/events                             {}, or {"channels":{"c":{…}}} if info was asked for
//	POST /apps/{app}/batch_events                       {}, or {"batch":[{…},{}]}
//	GET  /apps/{app}/channels                           {"channels":{"c":{…}}}
//	GET  /apps/{app}/channels/{channel}                 {"occupied":true,…}
//	GET  /apps/{app}/channels/{channel}/users           {"users":[{"id":"1"}]}
//	POST /apps/{app}/users/{user}/terminate_connections {}
//
// Everything else is 404, or 405 with another method.
//
// # Who may
//
// A request is signed with the app's secret. What is checked, and said in plain text: auth_key,
// auth_timestamp, auth_version, body_md5 and auth_signature are there, once; the time is within ten
// minutes of ours; the body is the one that was signed; the app is known (404) and has the key; the
// signature fits (401); the app is enabled (403). Lengths are looked at before that (413), and nothing
// else is: who has no secret learns nothing of an app.
//
// What verifies is what was signed. The text that is signed has no escapes, so one of its parameters
// that holds an ampersand could be read as two: such a request is refused, and belongs into a body.
// A repeated key is refused too, but for "channels[]". A path may be signed as it is sent or without its escapes,
// as SDKs do that put a user's id into it as it is.
//
// # What is refused
//
// Everything of a request is checked, and what it asks to know is read, before anything is written: of a
// request that is refused nothing is published. 200 says that all of it is stored. 503 says that
// some may be: it can be sent again, and what it holds then reaches some channels twice.
//
// A body is a JSON object in UTF-8. Fields that nobody knows are ignored, null is as if the field was
// not there, the last of several fields of one name counts, and any other type than the one expected is 400.
// POST /events also takes its fields from the query, of which the body's come first; so a body may be
// missing there. A channel that is named twice gets the event once.
//
// Attributes (info) are user_count, which only presence channels have, subscription_count, and cache,
// null for a channel that keeps no event. A channel nobody is subscribed to is "occupied":false, and some
// seconds later in no list, with attributes at once.
package httpapi

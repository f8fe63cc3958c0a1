// Package cloudapp is the part of CloudApp's API that its Stream Items need: the account, with the
// socket's address and what authorises on it, and the items, whose changes the socket tells.
// https://github.com/cloudapp/api/blob/master/stream-items.md
//
// # The account's socket
//
// Details says how to listen: an app's key, the account's channel ("private-items_" and the
// account's id), and the URL that signs subscriptions to it. Clients ask that URL without any
// credentials, at every reconnect, some of them by a <script> element; so the URL itself is the
// credential, a Capability. It names account, app and the token's hash, and nothing is stored for
// it. Every use asks Accounts whether the token is still good, the account still the same and not
// disabled, the app still the account's and enabled: so it ends when its token does. It signs for
// the account's one channel and nothing else, no presence channel and no other account's; whoever
// gets hold of it can listen to the items and can do nothing besides.
//
// An account without an app, or whose app is disabled or missing, or whose id cannot be part of a
// channel's name, has no socket: the member is left out.
//
// # Items
//
// An item is one entry of the Content table, of the kind "item". Its payload is a text: what the list
// shows, what a single look shows, and what the socket says are the same bytes. What the
// application itself writes into Content is listed as it is published.
//
// DELETE puts an item into the trash (deleted_at is a time), PUT with a deleted_at of null gets it out;
// nothing here removes an item for good. Neither moves updated_at, as in CloudApp. Concurrent changes of an
// item are made one after the other, each on what the one before has left.
//
// What CloudApp keeps elsewhere is not made up: url and content_url are the item's href, and icon is
// null, unless the application gives them. Nobody uploads files here.
package cloudapp

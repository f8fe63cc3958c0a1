// Package pusher speaks the Channels protocol,
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/: over the
// WebSocket it admits clients (Connect), handles what they send (Messages) and removes what they leave
// (Departure); it writes the frames that a publisher sends (Frame), and makes and checks every
// signature of the protocol.
//
// # What a client is told
//
//   - It is greeted with pusher:connection_established as soon as the socket is open. It need not say
//     which version of the protocol it speaks; what it may say is 1 to 7.
//   - A subscription ends in pusher_internal:subscription_succeeded or in pusher:subscription_error,
//     never in pusher:error alone: the channel would be pending for ever. To subscribe once more is
//     pusher:error "Existing subscription to channel …", and changes nothing.
//   - To unsubscribe has no answer. pusher:ping is answered with pusher:pong.
//   - Who subscribes to a presence channel without channel_data comes as the user who is signed in on
//     the connection, as pusher-js allows since 7.4.
//   - pusher:signin ends in pusher:signin_success or in pusher:error with code 4009; the connection
//     stays as it was. Of more than MaxWatchlist users none is watched: signin_success, then 4302.
//   - A client event is answered only if it is refused: code 4301 for the eleventh of a second, else
//     null, with Pusher's own texts.
//   - An app that does not exist (4001), is disabled (4003) or has too many connections (4004), and a
//     version that is not spoken (4006, 4007), is told in pusher:error, the first frame of a socket
//     that is then closed.
//   - What is no message is ignored: broken JSON, no object, no event, an event of the server's own or
//     that nobody knows. So are connections that are none of an app.
//
// What fails by no fault of the client is one text for all, "An unexpected error occurred".
//
// # What API Gateway cannot do
//
// It closes with 1000, and never with one of the protocol's codes, 4000 to 4299. And a $connect that
// is refused looks to a client like a network that is down, so that pusher-js would try for ever. So a
// client that must not come back is connected, told the code in a first frame, which pusher-js obeys
// as it does a close, and then closed. A $connect that fails is for clients that may come back.
//
// # Who answers
//
// Messages answers what the connection's row decides: public, private and encrypted channels and
// those of users. Of a channel that Joins, presence and cache channels, the publisher answers, in one
// order with what is said to all: see Connections.
//
// # Messages that race
//
// Two frames of a socket may be handled in the wrong order. Who unsubscribes and subscribes again at
// once may be told that the subscription exists; the unsubscribe that was overtaken then has the
// answer sent that was due (ErrOvertaken). Of a subscribe and an unsubscribe of one millisecond the
// subscribe counts. Client events that a socket sends within a few milliseconds of each other may be
// said in another order, which is the same for all who hear them.
//
// # Odd input
//
// The data of an event may be an object or a string that holds one. A member of another type than a
// string counts as not sent, but user_id in channel_data may be a number, and is its digits. Keys are
// case-sensitive, and of a repeated key the last counts. channel_data that is sent is signed, on every
// private channel and also if it is empty.
//
// # Limits
//
// Names of channels have 164 characters (Limits) of A–Z, a–z, 0–9 and _-=@,.; — "#" begins the names
// of users' channels alone (UserChannel), which only that user may subscribe to and nobody needs a
// signature for. Names of events have 200 characters, data MaxData bytes, users' ids MaxUser
// characters, what is told of a user 1 KB; a presence channel has MaxMembers users, and a connection
// sends ten client events in a second of the clock. Signatures are lower-case hex.
package pusher

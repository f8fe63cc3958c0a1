// Package publish takes changes of content to the connections that listen for them.
//
// A batch of changes becomes messages (package stream), the listeners of their topics are looked
// up once, and every connection gets one lane, which posts what is for it, in the batch's order:
//
//	changes ─▶ messages ─▶ topics ─▶ listeners ─▶ lanes ─▶ posts
//	   └ poison ─▶ reporter                         └ not open yet ─▶ greeter
//
// # Order
//
// A lane never has two posts in flight and works through the batch as it was written, so the
// changes of one owner reach each connection in order. Lanes run side by side, up to Config.Posts
// posts at once; a lane that waits gives its place to another. Where a change fails for one
// connection, the later changes of its owner are not sent and fail too. Other owners go on.
//
// # What is held in memory
//
// Listeners and messages, and never their product: a lane finds its deliveries while it runs, by
// merging the messages of its topics. A frame is encoded once per message and subscription as the
// client named it, and shared.
//
// # Failures
//
// A record that does not fit is reported and counts as done. A connection that is gone is
// forgotten. A connection that keeps failing while others do not is closed, so that its client can
// come back: a batch is not failed for one client. If the transport fails as a whole, the changes
// concerned are returned as failed, for the stream to bring them again, and what was delivered is
// remembered, so that the repetition repeats little. Duplicates remain possible where a post's
// outcome is not known, and where the instance that remembers is gone.
//
// Time is package time's alone, so that a whole publisher runs inside a testing/synctest bubble.
package publish

// Package publish takes changes of content to the connections that listen for them.
//
// A batch of changes becomes messages (package stream), the listeners of their topics are looked
// up once, and every connection gets one lane, which posts what is for it, in the batch's order:
//
//	changes ─▶ messages ─▶ topics ─▶ logs ─▶ audiences ─▶ viewers ─▶ lanes ─▶ posts
//	   └ poison ─▶ reporter                                            ├ not open yet ─▶ greeter
//	                                                                   └ replayed: left in the log
//
// # Order
//
// A lane never has two posts in flight and works through the batch as it was written, so the
// changes of one owner reach each connection in order. Lanes run side by side, up to Config.Posts
// posts at once; a lane that waits gives its place to another. Where a change fails for one
// connection, the later changes of its owner are not sent and fail too. Other owners go on.
//
// # The log comes first
//
// What is said to a topic that someone may resume goes into its log (package history) before any
// of it is posted: one entry per change and topic, which gives its messages their ids and keeps
// them when the change comes again. A change that is not in its log has failed like one that
// cannot be posted. Whoever comes back reads the log and then goes live; so topics are looked up
// after their logs were written, or such a client could miss what came in between. Which topics
// are kept is known from earlier batches; the first batch of one looks it up twice.
//
// A subscription that is being replayed is served from the log alone: its lane
// asks Directory.Defer, once and after everything has been appended, so whatever the answer there
// is no hole. True: the replay reads the log once more. False: it has caught up, and the lane
// posts; what the replay had just read comes a second time then, under the same id. Topics that
// nobody may resume cost nothing.
//
// # What viewers filter
//
// Listeners whose account filters something carry its version (stream.Listener.Viewer). Those who
// are to be shown a status of the batch are read in one call; a status is read once, and judged
// once per account as long as its lanes keep step. On public and hashtag streams it is dropped or
// gets the results of the account's filters; in homes and lists it gets the results alone (package
// viewer). Where an account cannot be read, it is not shown the status: the change comes again.
// Everybody else gets the shared frame, whose payload is the item's byte for byte.
//
// # Channels
//
// On presence and cache channels a subscription stands in Content, as what is said there does, so the
// records of a channel are in one order: who comes is told so, and what a newcomer must know, by the
// record with which it comes. The mappings of these channels are the publisher's own. Those that a
// look-up finds are as of the batch before, or, when this batch has come before, as of anything since;
// so the batch walks its records, and each newcomer listens from what is for it alone, and who leaves
// hears nothing more, whatever was found:
//
//	apps of items ─▶ logs, audiences ─▶ mappings of who comes ─▶ what channels keep ─▶ counts ─▶ webhooks
//	   ─▶ posts ─▶ mappings of who left, what channels keep now
//
// What stands before the posts there keeps its change from being posted if it fails. What stands behind
// them waits because the batch may end in between and come again: who left is still found when the events
// before are repeated, and a newcomer is never given an event of a later record than its own, unless the
// instance died that posted both. A webhook may be told again of a record that comes again, if another
// instance gets it. A broadcast to a channel has another owner, and no place in the channel's order.
//
// Without Config.Members all of that is silent. Batches without records of channels pay nothing for it.
//
// # Wide changes
//
// What very many hear is not posted here. Where a look-up says that a segment of a topic is wide
// (stream.Audience.Wide), or a change is for more than Config.Crowd accounts, it is cut into parts, one
// for each slice, and goes through a FIFO queue to Deliver:
//
//	messages ─▶ logs ─▶ open rows ─▶ queue ─▶ Deliver: page of listeners ─▶ lanes ─▶ posts, at a pace
//	                                            └ how far it got ◀─┘
//
// A connection of a segment, and an account of an owner, is always in the same slice, and parts of one
// slice are delivered one after the other: order holds on that way. It holds between the two ways since a
// segment whose rows are open is wide, whatever it holds: a row is written before a part is sent and
// removed when all of its slices are delivered. With a change for too many accounts, all of its owner's
// in the batch for accounts go the same way, and none of it is in a log before its turn on the queue. What
// is said to everyone and what is said to an account are two topics, of which one may be wide and the other
// not: between those two there is no order.
//
// A part that comes again goes on behind the last page that was delivered, and its instance remembers the
// deliveries of a page that failed: a crash repeats a page at the most. If a segment becomes wide between
// two attempts at a change, those of its listeners who had it get it again.
//
// # What is held in memory
//
// Listeners and messages, and never their product: a lane finds its deliveries while it runs, by
// merging the messages of its topics. A frame is encoded once per message, subscription as the
// client named it and results of filters, and shared; an id is put into a copy.
//
// # Failures
//
// A record that does not fit is reported and counts as done. A connection that is gone is
// forgotten. A connection that keeps failing while others do not is closed, so that its client can
// come back: a batch is not failed for one client. If the transport fails as a whole, the changes
// concerned are returned as failed, for the stream to bring them again, and what was delivered is
// remembered, so that the repetition repeats little. A client with ids that is owed an event for half
// a minute (because its owner waits, say, or nobody knows what it filters) while it may get others is
// closed too, within 55 seconds of the event's place: its last id does not reach back for ever
// (history.Delivery), and what it comes back for is in the log. Duplicates remain possible where a post's
// outcome is not known, and where the instance that remembers is gone.
//
// Time is package time's alone, so that a whole publisher runs inside a testing/synctest bubble.
package publish

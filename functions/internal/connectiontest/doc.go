// Package connectiontest says, as tests, what a store of connections must do: which
// connections it admits, which subscriptions they hold, and who listens to a topic.
//
// Every store runs the same suite (Run); Memory, the plainest store that passes it, is what
// other tests use in a store's place.
//
// # The rule for racing messages
//
// Messages of one connection are handled side by side and may be processed in any order. Each
// carries its time, in whole milliseconds. For each subscription (stream.Subscription.Key) of a
// connection the message with the highest time decides, whenever it is processed; at equal
// times subscribe wins over unsubscribe. So an unsubscribe must be remembered for a while: a
// subscribe that is older and comes later changes nothing. What $connect writes counts as
// subscribed at the connection's ConnectedAt.
//
// A subscribe of what is already subscribed only moves its time; the first spelling stays. It
// never counts against the limit, nor does a message that was overtaken.
//
// # The rule for replays
//
// A subscription of a session with ids is being replayed until CaughtUp has made it live. Its turn
// moves with every Defer, and another subscription to the same stream has other turns. So CaughtUp
// does nothing with a turn that was read before a Defer or an unsubscribe, and Defer is false only
// after a CaughtUp.
//
// # The rule for wide segments
//
// A store may be cut (Subject.Cut): then audiences leave out segments of their topics that are wide, and
// name them. A segment's listeners, page by page and slice by slice, are those that the audience would
// have had, each once, and a connection is always in the same slice. A slice of an event is open from Open
// to Close, once: whoever opens it again finds it as it is.
package connectiontest

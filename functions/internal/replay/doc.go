// Package replay serves a subscription from History until it has caught up, so that a client that
// asked for ids gets what it missed, and then what is new, without a hole between.
//
// # Neither a hole nor an overtaking
//
//	publish                                   replay
//	───────                                   ──────
//	append to the log                         ┌▶ read the turn of the mapping
//	look up who listens                       │  read the log to its end, post each
//	  replaying still: turn++, leave it       └─ has the turn moved? again
//	  live, or caught up meanwhile: post it      else make the mapping live
//
// Every step reads what is there and not what was. What publish leaves to the replay stood in the
// log before the turn moved, so the replay, which made nothing live if the turn has moved since it
// last began to read, finds it. What publish posts itself it posts after the mapping became live,
// so after all that the replay has posted. An event may be posted by both: then it has one id.
//
// # Time
//
// A replay may take longer than an invocation. Before its time is up it invokes the function again
// with the position that it has reached. What fails (History, the table, the transport) is tried
// again until then, and after that the invocation fails, so that Lambda tries it again a minute
// later from where it began: repeats have the ids that they had.
//
// A client that takes no frame is disconnected, and so is one that has waited too long for a
// History that fails: it knows the id behind which to go on, and a silent socket would not tell
// it to.
package replay

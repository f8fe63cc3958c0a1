// Package sim runs the functions in a world of its own, in which time, chance and everything that
// goes wrong come from one seed. It is tests alone; this page says what they simulate and what not.
//
//	go test ./functions/internal/sim                          some seeds, each in every world, and that mistakes are found
//	go test ./functions/internal/sim -seeds 5000 -timeout 0   more seeds and nothing else, with progress on the terminal
//	go test ./functions/internal/sim -seed 69                 one; -log FILE, best absolute, for all that happened
//	go test ./functions/internal/sim -storm deaths            a weather of one kind (storms), with any of these
//	go test ./functions/internal/sim -world channels          one world, with any of these
//
// The worlds (scenes):
//
//   - mastodon: clients of streams, with ids and without, and what is said to them; in some runs followers too, who
//     read streams as server-sent events.
//   - wide: the same with streams that are cut into slices.
//   - channels: members of apps, who subscribe to public, private, presence and cache channels, sign in,
//     watch each other, say things, vanish and come back; applications that say things by the HTTP API, as
//     items and as broadcasts; webhooks.
//   - tokens: readers of streams whose tokens are revoked or run out, whose accounts are suspended, whose lists
//     become another's, and that block others and change their filters.
//
// # What is real
//
// The domain's code, put together as the mains do it: publish with its lanes, memory and logs;
// greet; replay; sweep; mastodon's Connect and Messages; sse's Handler; in the later worlds pusher's Connect, Messages and
// Departure, httpapi, hook and enforce. Everything that they do to the world is an operation at one of their
// interfaces.
//
// In the worlds channels and tokens the adapters of the tables are real too (channeldb, dynamo, and what
// they stand on): each of their requests is an operation, which the embedded engine answers (database), and
// the records of its streams are what publish and enforce get.
//
// # What is simulated
//
//   - API Gateway: handshakes, messages handled side by side, $disconnect, the management API with the
//     account's quota, timeouts and resets with the post delivered and not, 410 for what is not open
//     yet and what is gone, clients that read slowly or vanish.
//   - Lambda: instances that die at any operation or by their timeout, asynchronous invocations that
//     come late, twice, or again after a failure, and the pollers of a table's stream: one batch per
//     shard at a time, partial failures, bisection, batches that come twice or go to another instance,
//     shards that split, pollers that lag, writers of logs whose clocks are seconds off.
//   - Clocks, in the worlds mastodon and wide: each instance has its own, which is off by up to 50 ms, as those may be
//     that a time service sets, and in one run of five by up to half a second, as after a machine was stopped for a
//     while. What decides by times that others have written uses it: who is young, greetings and until when they
//     are under way, owed events, positions and when a topic's log began, sweep, pace.
//   - The tables of the worlds mastodon and wide: the plainest stores that keep their contracts (connectiontest, historytest), whose
//     requests are slow, fail, or are done without an answer, or are throttled: refused at once, a part of all for
//     some seconds, with an error that the functions know for nothing of their own, as the adapters have it. A
//     connection's removal takes two requests, as in the real store, and leaves mappings if the second is not made.
//   - Responses of server-sent events, which end when their time is up or they are long enough, with their instance, or
//     for their client alone, of which the function hears nothing; what is written comes in pieces.
//   - Clients that subscribe and unsubscribe, lose their connections and come back, and authors who write to
//     Content.
//
// In the world wide the queue of deliver is one that hides what was received; its leases (package lease) and, in half of
// the runs, the row of its pace are real: instances die with one, batches lie with Lambda until others have got their messages, and
// the queue cannot be asked.
//
// Not simulated: clocks that run faster or slower, and those of DynamoDB and of API Gateway, which are right; requests
// of DynamoDB that are refused for their size, and answers of old states; History's own requests; HTTP of the other
// adapters; a function URL, rows of readers that bound how many there are, and readers that are slow; lists that come back; an app that is turned off; the HTTP API's questions.
//
// # One seed, one run
//
// A run is a testing/synctest bubble with one goroutine that decides (scheduler). Goroutines of the code
// under test hand in the operations that they want done and wait. When all of them wait, what was
// handed in is sorted by what it is, not by who was first, and the seed decides how long each
// takes and what befalls it; time passes only when nothing is left to do. So the order in which Go
// runs goroutines does not matter, and a seed that fails fails again.
//
// # What is checked
//
// For a while things go wrong, then all is well for as long as healing takes, and then there are probes
// on every stream. At the end each client has got what was written while it listened (one with ids:
// since it subscribed first, over all its connections), each owner's changes in their order, nothing
// that was not for it, and nothing twice unless an instance had died, a batch had come again or gone
// to another instance, or nobody knew what had become of a post. Nothing is left of connections that
// are gone, no connection that is there was forgotten, and every record was published.
//
// Of server-sent events: a follower with ids gets all that was written since its first response told it one, once, and in
// the order of each owner, over all its responses. One without gets that as long as each response ends by itself and
// the next one begins in time.
//
// Of wide streams: no instance of deliver works at a group that another one has, unless it could not ask the queue.
//
// Of channels: each event comes to who was subscribed, in the order of its owner, and not to the socket that
// it is not for; who comes to a cache channel is told the last one; all who are on a presence channel see
// those who are there, and who watches others sees who is online; subscriptions are counted, channels count
// as occupied while somebody is there, and webhooks are told of that in turn.
//
// Of tokens: no connection is open whose token has ended, and nothing comes to it ten seconds after enforce
// has seen to that, or the token has run out; when nothing goes wrong it is closed within fifteen. Nobody is
// shown on a public stream whom the account blocks, and everybody else is; who listens to user is told that
// filters have changed. While such a change is carried out either is right. Nothing comes of a list ten seconds after
// enforce has seen to that it is another's.
//
// This is let pass:
//
//   - A follower without ids misses what happens while it has no response whose instance died or whose
//     connection broke, and after the latter may get events again: it may go on where the function did.
//   - A client without ids may miss what an instance of greet had that died, but then its connection is
//     closed a minute later.
//   - A client whose subscription was refused by an outage, and that for the rest of the invocation can
//     neither be told nor closed, does not know; nor does one whom two instances of greet were to tell.
//   - A connection that opens later than stream.YoungFor after $connect wrote it may be taken for gone.
//   - A mapping that a cut-off removal left is found by the first event that it is for, one by one.
//   - Greetings of one connection that wait for each other may change places if the clocks of their instances are
//     wrong, by more than publish keeps them apart.
//   - What a client gets that was written before it listened, because it was on its way or comes again,
//     has no order; nor has, for one that resumes, what could not be posted for longer than
//     history.Delivery.
//   - Members wait for their greeting, and give a connection up on which they are told nothing.
//   - An unsubscribe whose function fails or dies may leave the member subscribed, and the channel occupied,
//     until the connection ends. Who subscribes once more is told that it is, and nothing else.
//   - Who signs in and is told so by a function that dies then is not told who is online.
//   - Client events are in the order of their records: those of one socket may be handled in another one.
//   - A channel may not count as occupied, nor its subscriptions be counted again, if the subscribe that came
//     first failed or died, until somebody else comes.
//   - Webhooks may miss that a channel was occupied or vacated if an instance dies, a task cannot be put on
//     the queue, or the table's answer to who made or removed the row is lost.
//   - Rows of a connection whose token has run out are looked at by nobody, and stay for their time to live.
//
// # Whether it would find anything
//
// Publishers, members' functions, enforcers and servers of events with a mistake are found within some seeds each
// (mutants, spoilers, looseners, servers), and the summary counts what the runs have met. Seeds that found mistakes are kept.
package sim

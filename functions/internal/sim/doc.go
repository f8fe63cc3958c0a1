// Package sim runs the functions in a world of its own, in which time, chance and everything that
// goes wrong come from one seed. It is tests alone; this page says what they simulate and what not.
//
//	go test ./functions/internal/sim                 a number of seeds
//	go test ./functions/internal/sim -seeds 5000     more, with progress
//	go test ./functions/internal/sim -seed 69        one; -log FILE for all that happened
//	go test ./functions/internal/sim -storm deaths   a weather of one kind (storms), with any of these
//
// # What is real
//
// The domain's code, put together as the mains do it: publish with its lanes, memory and logs;
// greet; replay; sweep; mastodon's Connect and Messages. Everything that they do to the world is an
// operation at one of their interfaces.
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
//   - The tables: the plainest stores that keep their contracts (connectiontest, historytest), whose
//     requests are slow, throttled, or done without an answer. A connection's removal takes two
//     requests, as in the real store, and leaves mappings if the second is not made.
//   - Clients, with and without ids, that subscribe and unsubscribe, lose their connections and come back,
//     and authors who write to Content.
//
// Not simulated: DynamoDB's own requests beneath the stores' contracts, which those suites and package
// dynamo test; HTTP and JSON of the adapters; filters of viewers, revocation and expiry of tokens, server-sent
// events; channels of apps.
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
// This is let pass:
//
//   - A change whose batch failed in part, and of which some went through the queue of wide streams, may
//     come twice: a topic that became wide, or narrow, between two attempts is told by both ways.
//   - A client without ids may miss what an instance of greet had that died: Lambda must not try it
//     again, since it would come twice and out of order.
//   - A client whose subscription was refused by an outage, and that for the rest of the invocation can
//     neither be told nor closed, does not know; nor does one whom greet was to tell that died.
//   - A connection that opens later than stream.YoungFor after $connect wrote it may be taken for gone.
//   - A mapping that a cut-off removal left is found by the first event that it is for, one by one.
//   - What a client gets that was written before it listened, because it was on its way or comes again,
//     has no order; nor has, for one that resumes, what could not be posted for longer than
//     history.Delivery.
//
// # Whether it would find anything
//
// Publishers with a mistake are found within some seeds each (mutants), and the summary counts what the
// runs have met. Seeds that found mistakes are kept.
package sim

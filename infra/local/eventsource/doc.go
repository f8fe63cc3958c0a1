// Package eventsource runs Lambda event source mappings on one machine: it
// reads a DynamoDB stream or an SQS queue and invokes a function with batches
// of what it finds, as AWS's pollers do.
//
// A [StreamPoller] guarantees, as AWS does:
//
//   - at least once: a record is done only when an invocation with it
//     succeeded, a filter dropped it, or it was given up and reported to the
//     OnFailure destination;
//   - order: with a ParallelizationFactor of 1 the records of a shard are
//     delivered in order; above 1 only those of one item (partition and sort
//     key) are, because each item belongs to one lane of the shard;
//   - lineage: a child shard is read only after its parent is done;
//   - patience: an endpoint that is down, an expired iterator, a throttled or
//     missing function delay delivery and lose nothing.
//
// One shard is read by one goroutine, which hands records to its lanes:
//
//	GetRecords ──▶ filter ──▶ lane by item ──▶ batch ──▶ invoke ──▶ done
//	                                             ▲          │ failed
//	                                             └─ retry, split, or give up
//
// The reader is ahead of its lanes by a bounded number of records and bytes.
// What is done is kept in memory for as long as the poller lives, no longer:
// a new process starts at the mapping's StartingPosition, and the consumer
// must expect repeated records in any case.
//
// A [QueuePoller] reads an SQS queue in the same spirit. Of a FIFO queue it
// sends batches that may hold several groups, each in its order; a group is in
// one batch at a time, because the queue keeps it back while a message of it is
// in flight, and what failed keeps back what follows.
//
// The behaviour follows
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html,
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html,
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html and
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
// Where AWS does not say, the stricter reading was taken, so that what works
// here does not fail there.
package eventsource

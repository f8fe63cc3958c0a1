package eventsource

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

const (
	// pageLimit is the most records of one GetRecords.
	pageLimit = 1000
	// fullPageBytes is a size at which a page may have been cut by its limit
	// of 1 MB: two images of 400 KB may not have fitted.
	fullPageBytes = 200 << 10
)

// shard is one shard of the stream, and how far this mapping is in it.
type shard struct {
	id, parent string
	latest     bool      // start at what is written from now on
	since      time.Time // the shard was chosen by LATEST then
	progress   *progress
	wake       chan struct{}

	running, done bool // guarded by the poller
}

// reader reads one shard and feeds its lanes.
type reader struct {
	*StreamPoller
	shard    *shard
	lanes    []chan []*record
	iterator string
	last     string    // sequence number of the last record read
	since    time.Time // drop what is older: see openIterator
	failures int       // since the last success
}

// readShard runs the lanes of a shard and reads it. It reports whether the
// shard has ended and every record of it is done.
func (p *StreamPoller) readShard(ctx context.Context, s *shard) bool {
	checkpoint, _, _ := s.progress.position()
	s.progress = newProgress(checkpoint)
	r := &reader{StreamPoller: p, shard: s, last: checkpoint}
	var lanes sync.WaitGroup
	for range p.mapping.ParallelizationFactor {
		in := make(chan []*record, p.readAhead()+pageLimit)
		r.lanes = append(r.lanes, in)
		l := &delivery{StreamPoller: p, shard: s.id, in: in}
		lanes.Go(func() { l.run(ctx) })
	}
	for r.poll(ctx) {
	}
	for _, in := range r.lanes {
		close(in)
	}
	lanes.Wait()
	return ctx.Err() == nil
}

// readAhead is how many records a shard's reader may be ahead of its lanes.
func (p *StreamPoller) readAhead() int {
	return max(2*pageLimit, 2*p.mapping.BatchSize*p.mapping.ParallelizationFactor)
}

// poll reads one page. It returns false when the shard or ctx has ended.
func (r *reader) poll(ctx context.Context) bool {
	if !r.waitForRoom(ctx) {
		return false
	}
	out, err := r.page(ctx)
	if err != nil {
		return r.recover(ctx, err)
	}
	r.failures = 0
	size := r.take(out.Records)
	r.iterator = aws.ToString(out.NextShardIterator)
	if r.iterator == "" {
		return false
	}
	if len(out.Records) >= pageLimit || size >= fullPageBytes {
		return ctx.Err() == nil
	}
	return r.pause(ctx, r.options.Poll)
}

// page opens an iterator if there is none, and reads from it.
func (r *reader) page(ctx context.Context) (*dynamodbstreams.GetRecordsOutput, error) {
	if r.iterator == "" {
		if err := r.openIterator(ctx); err != nil {
			return nil, err
		}
	}
	return r.options.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
		ShardIterator: aws.String(r.iterator),
		Limit:         aws.Int32(pageLimit),
	})
}

// openIterator asks for an iterator after what was read, or at the start.
//
// LATEST is asked for once: a second time it would skip what was written since
// the first. After that the shard is read from its beginning, less what is
// older than the mapping. Times have whole seconds: a little more may come.
func (r *reader) openIterator(ctx context.Context) error {
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn:         aws.String(r.mapping.StreamArn),
		ShardId:           aws.String(r.shard.id),
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	switch {
	case r.last != "":
		in.ShardIteratorType = types.ShardIteratorTypeAfterSequenceNumber
		in.SequenceNumber = aws.String(r.last)
	case r.shard.latest:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
		r.shard.latest = false
	default:
		r.since = r.shard.since
	}
	out, err := r.options.Streams.GetShardIterator(ctx, in)
	if err != nil {
		return err
	}
	if aws.ToString(out.ShardIterator) == "" {
		return errors.New("the answer has no ShardIterator")
	}
	r.iterator = *out.ShardIterator
	return nil
}

// recover decides what an error means. Everything but the end of ctx and a
// shard that is gone is tried again, for as long as it takes.
func (r *reader) recover(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var (
		expired *types.ExpiredIteratorException
		trimmed *types.TrimmedDataAccessException
		missing *types.ResourceNotFoundException
	)
	r.iterator = ""
	r.failures++
	switch {
	case errors.As(err, &expired) && r.failures == 1:
		r.log.Debug("an iterator has expired; opening another", "shard", r.shard.id)
		return true
	case errors.As(err, &trimmed):
		r.log.Warn("records were trimmed from the stream before they were read", "shard", r.shard.id, "after", r.last)
		r.last = ""
	case errors.As(err, &missing) && r.isGone(ctx):
		r.log.Warn("a shard is gone from the stream", "shard", r.shard.id)
		return false
	}
	pause := r.options.backoff(r.failures)
	r.log.Warn("a shard cannot be read; trying again", "shard", r.shard.id, "error", err, "pause", pause)
	return r.pause(ctx, pause)
}

// isGone reports whether the stream is there without this shard. A stream that
// is not there may come back.
func (r *reader) isGone(ctx context.Context) bool {
	listed, err := r.describe(ctx)
	if err != nil {
		return false
	}
	for _, l := range listed {
		if aws.ToString(l.ShardId) == r.shard.id {
			return false
		}
	}
	return true
}

// pause waits for d, for a wake-up or for the end of ctx; false is the end.
func (r *reader) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.shard.wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// waitForRoom holds the reader back while its lanes have enough to do.
func (r *reader) waitForRoom(ctx context.Context) bool {
	maxBytes := 2 * maxEventBytes * r.mapping.ParallelizationFactor
	for ctx.Err() == nil {
		_, records, bytes := r.shard.progress.position()
		if records < r.readAhead() && bytes < maxBytes {
			return true
		}
		select {
		case <-r.shard.progress.freed:
		case <-ctx.Done():
		}
	}
	return false
}

// take hands the records of a page to their lanes and returns the page's size
// as DynamoDB counts it.
func (r *reader) take(page []types.Record) (size int64) {
	lanes := make([][]*record, len(r.lanes))
	for i := range page {
		rec := r.prepare(&page[i])
		size += aws.ToInt64(page[i].Dynamodb.SizeBytes)
		if rec.seq != "" {
			r.last = rec.seq
		}
		rec.mark = r.shard.progress.add(rec.seq, len(rec.event))
		if rec.created.Before(r.since) || !anyMatches(r.patterns, rec.event) {
			rec.mark.finish()
			continue
		}
		n := lane(page[i].Dynamodb.Keys, len(lanes), r.options.Seed)
		lanes[n] = append(lanes[n], rec)
	}
	for n, records := range lanes {
		if len(records) > 0 {
			r.lanes[n] <- records
		}
	}
	return size
}

// prepare encodes a record. A record that cannot be encoded does not occur:
// all of its parts are plain values.
func (r *reader) prepare(in *types.Record) *record {
	if in.Dynamodb == nil {
		in.Dynamodb = &types.StreamRecord{}
	}
	event, err := encodeRecord(in, r.options.Region, r.mapping.StreamArn)
	if err != nil {
		panic(fmt.Sprintf("eventsource: encoding a record: %v", err))
	}
	return &record{
		seq:     aws.ToString(in.Dynamodb.SequenceNumber),
		created: aws.ToTime(in.Dynamodb.ApproximateCreationDateTime),
		event:   event,
	}
}

package eventsource

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
)

// Invoke runs a function with an event and waits for its result.
// functionError is "" or what Lambda calls the kind of failure, such as
// "Unhandled". err says that the function did not run at all (throttled,
// missing, being replaced): it is tried again and is not counted as an attempt.
type Invoke func(ctx context.Context, function string, event []byte) (payload []byte, functionError string, err error)

// Streams is what a poller needs of DynamoDB Streams: three methods of
// *dynamodbstreams.Client.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

var _ Streams = (*dynamodbstreams.Client)(nil)

// Options is what pollers need of their surroundings. The zero value of every
// field but Invoke (and Streams or Queue) is usable.
type Options struct {
	Invoke  Invoke  // required
	Streams Streams // required by NewStream
	Queue   Queue   // required by NewQueue

	// Destination takes the report on records that were given up. It is
	// required by mappings with an OnFailure ARN.
	Destination func(ctx context.Context, arn string, body []byte) error

	// Age is told how old the last record of a batch of a stream is when its function is invoked:
	// what Lambda measures as IteratorAge. Optional.
	Age func(function string, age time.Duration)

	// Poll is the pause between two polls of a shard that had nothing more;
	// default 250 ms, as on AWS.
	Poll time.Duration
	// Discover is the pause between two looks for new shards; default ten
	// polls, at least one second. The end of a shard causes a look at once.
	Discover time.Duration
	// Wake makes the poller look at all its shards at once. Optional.
	Wake <-chan struct{}

	// MinBackoff and MaxBackoff bound the pause before something is tried
	// again, which doubles each time; defaults 250 ms and 30 s.
	MinBackoff, MaxBackoff time.Duration

	Region    string // default us-east-1
	AccountID string // default 000000000000
	Logger    *slog.Logger

	// Override changes every stream mapping before it is checked, so that a
	// test can show what a wrong setting would break.
	Override func(*StreamMapping)
	// Seed changes which lane an item belongs to.
	Seed uint64
}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	setDuration(&o.Poll, 250*time.Millisecond)
	setDuration(&o.Discover, max(10*o.Poll, time.Second))
	setDuration(&o.MinBackoff, 250*time.Millisecond)
	setDuration(&o.MaxBackoff, max(30*time.Second, o.MinBackoff))
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "000000000000"
	}
	if o.Age == nil {
		o.Age = func(string, time.Duration) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDuration(d *time.Duration, fallback time.Duration) {
	if *d <= 0 {
		*d = fallback
	}
}

// functionARN is the ARN of a function that is named by name or by ARN.
func (o *Options) functionARN(function string) string {
	if strings.HasPrefix(function, "arn:") {
		return function
	}
	return "arn:aws:lambda:" + o.Region + ":" + o.AccountID + ":function:" + function
}

// backoff is the pause before attempt number n+1, n from 1.
func (o *Options) backoff(n int) time.Duration {
	d := o.MinBackoff
	for ; n > 1 && d < o.MaxBackoff; n-- {
		d *= 2
	}
	return min(d, o.MaxBackoff)
}

// sleep waits for d or until ctx ends, and reports whether d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

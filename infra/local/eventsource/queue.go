package eventsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Queue is what a poller needs of SQS. Queues are named by ARN.
type Queue interface {
	// ReceiveMessage takes up to max messages (1 to 10) and waits for the
	// first one up to wait (0 to 20 s). Messages have all their attributes.
	ReceiveMessage(ctx context.Context, queue string, max int, wait time.Duration) ([]events.SQSMessage, error)
	DeleteMessage(ctx context.Context, queue, receiptHandle string) error
	// ChangeVisibility lets a received message be received again after timeout.
	ChangeVisibility(ctx context.Context, queue, receiptHandle string, timeout time.Duration) error
}

const (
	receiveMax     = 10               // messages of one ReceiveMessage
	receiveWait    = 20 * time.Second // the longest long poll
	maxQueueBatch  = 10_000
	maxConcurrency = 1000
	// defaultConcurrency stands for AWS's scaling, which starts with five
	// batches at once and adds more as long as there is a backlog.
	defaultConcurrency = 10
	// refusedFor is how long messages are held for a function that does not
	// run. It is below the default visibility timeout of a queue.
	refusedFor = 20 * time.Second
)

// QueueMapping is an AWS::Lambda::EventSourceMapping whose source is an SQS
// queue; see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html.
type QueueMapping struct {
	Function string // name or ARN
	QueueArn string // a FIFO queue's ends in .fifo

	// BatchSize is the most messages of an invocation: 1 to 10, and up to
	// 10,000 on a standard queue with a BatchingWindow; 0 means 10.
	BatchSize int
	// BatchingWindow is how long a batch waits to become full, in whole
	// seconds up to 300 s; standard queues only.
	BatchingWindow time.Duration
	// MaximumConcurrency is the number of batches under way at once, 2 to
	// 1,000. 0 leaves it to AWS, which starts with five and grows; here it is ten.
	MaximumConcurrency int
	// ReportBatchItemFailures reads the response for batchItemFailures, by
	// message id. Without it a failed invocation fails the whole batch.
	ReportBatchItemFailures bool
	// Filters are FilterCriteria patterns, at most 5. A message that matches
	// none is deleted. A pattern's "body" is compared with a body that is
	// plain text if it is an array of rules, and with one that is JSON if it
	// is an object; the other kind of body does not match.
	Filters []string
}

func (m *QueueMapping) fifo() bool { return strings.HasSuffix(m.QueueArn, ".fifo") }

// check says everything that is wrong with the mapping.
func (m *QueueMapping) check() error {
	var errs []error
	fail := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fail(m.Function == "", "Function is missing")
	fail(m.QueueArn == "", "QueueArn is missing")
	fail(m.BatchSize < 1 || m.BatchSize > maxQueueBatch, "BatchSize %d is not between 1 and %d", m.BatchSize, maxQueueBatch)
	fail(m.BatchSize > receiveMax && m.fifo(), "BatchSize %d: a FIFO queue's is at most %d", m.BatchSize, receiveMax)
	fail(m.BatchSize > receiveMax && !m.fifo() && m.BatchingWindow < time.Second, "BatchSize %d: above %d it needs a BatchingWindow of at least 1s", m.BatchSize, receiveMax)
	fail(m.BatchingWindow < 0 || m.BatchingWindow > maxWindow, "BatchingWindow %v is not between 0 and %v", m.BatchingWindow, maxWindow)
	fail(m.BatchingWindow > 0 && m.fifo(), "BatchingWindow %v: a FIFO queue takes none", m.BatchingWindow)
	fail(m.MaximumConcurrency != 0 && (m.MaximumConcurrency < 2 || m.MaximumConcurrency > maxConcurrency), "MaximumConcurrency %d is not between 2 and %d", m.MaximumConcurrency, maxConcurrency)
	return errors.Join(errs...)
}

// QueuePoller runs one QueueMapping.
//
// What a function handled is deleted; what it failed stays in the queue and
// comes back after the queue's visibility timeout, until the queue's redrive
// policy ends that. A function that does not run at all (throttled, missing)
// is tried again for 20 s; then its messages go back to the queue.
type QueuePoller struct {
	mapping  QueueMapping
	options  Options
	patterns []*Pattern
	log      *slog.Logger
}

// NewQueue checks a mapping. The error names everything that is wrong with it.
func NewQueue(m QueueMapping, o Options) (*QueuePoller, error) {
	o = o.withDefaults()
	if m.BatchSize == 0 {
		m.BatchSize = receiveMax
	}
	patterns, filterErr := parsePatterns(m.Filters)
	err := errors.Join(m.check(), filterErr, o.check(""))
	if o.Queue == nil {
		err = errors.Join(err, errors.New("Options.Queue is missing"))
	}
	if err != nil {
		return nil, fmt.Errorf("event source mapping of %s: %w", orElse(m.Function, "a function"), err)
	}
	return &QueuePoller{
		mapping:  m,
		options:  o,
		patterns: patterns,
		log:      o.Logger.With("function", m.Function, "source", m.QueueArn),
	}, nil
}

// Run reads the queue until ctx ends, waits for its goroutines and returns
// nil. Messages that were received and not yet sent go back to the queue.
func (p *QueuePoller) Run(ctx context.Context) error {
	concurrency := p.mapping.MaximumConcurrency
	if concurrency == 0 {
		concurrency = defaultConcurrency
	}
	var batches sync.WaitGroup
	defer batches.Wait()
	slots := make(chan struct{}, concurrency)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		messages := p.collect(ctx)
		batches.Go(func() {
			defer func() { <-slots }()
			p.process(ctx, messages)
		})
	}
}

package eventsource

import (
	"errors"
	"fmt"
	"time"
)

// Limits of AWS's stream mappings.
const (
	maxStreamBatch = 10_000
	maxWindow      = 300 * time.Second
	maxFactor      = 10
	maxRetries     = 10_000
	maxAge         = 604_800 * time.Second
	maxFilters     = 5
)

// StreamMapping is an AWS::Lambda::EventSourceMapping whose source is a
// DynamoDB stream; see
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html.
type StreamMapping struct {
	Function  string // name or ARN
	StreamArn string

	// BatchSize is the most records of an invocation, 1 to 10,000; 0 means 100.
	BatchSize int
	// BatchingWindow is how long a batch that is not full waits for more
	// records, up to 300 s; 0 sends what there is at once.
	BatchingWindow time.Duration
	// ParallelizationFactor is the number of batches of a shard that may be
	// under way at once, 1 to 10; 0 means 1. Above 1, order is kept per item
	// (partition and sort key) only.
	ParallelizationFactor int
	// StartingPosition is TRIM_HORIZON or LATEST. AWS has AT_TIMESTAMP for
	// other sources only.
	StartingPosition string
	// Filters are FilterCriteria patterns; a record that matches none is
	// done without an invocation. No filters: every record matches. At most 5.
	Filters []string

	// MaximumRetryAttempts is how often a failed batch is tried again before
	// it is given up. -1, AWS's default, means without end; 0 means never.
	MaximumRetryAttempts int
	// MaximumRecordAge is how old a record may be when it is sent; older ones
	// are given up. -1 (AWS's default) and 0 mean without limit. AWS takes
	// nothing below 60 s; shorter ones are allowed here for tests.
	MaximumRecordAge time.Duration
	// BisectBatchOnFunctionError tries a failed batch again in two halves,
	// which does not count as a retry.
	BisectBatchOnFunctionError bool
	// ReportBatchItemFailures reads the response for batchItemFailures.
	ReportBatchItemFailures bool
	// OnFailure is the ARN of a queue or topic that is told of records that
	// were given up; "" for none.
	OnFailure string
	// TumblingWindow is not supported: NewStream refuses all but 0.
	TumblingWindow time.Duration
}

// withDefaults fills BatchSize, ParallelizationFactor and MaximumRecordAge.
func (m StreamMapping) withDefaults() StreamMapping {
	if m.BatchSize == 0 {
		m.BatchSize = 100
	}
	if m.ParallelizationFactor == 0 {
		m.ParallelizationFactor = 1
	}
	if m.MaximumRecordAge == 0 {
		m.MaximumRecordAge = -1
	}
	return m
}

// check says everything that is wrong with the mapping.
func (m *StreamMapping) check() error {
	var errs []error
	fail := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fail(m.Function == "", "Function is missing")
	fail(m.StreamArn == "", "StreamArn is missing")
	fail(m.BatchSize < 1 || m.BatchSize > maxStreamBatch, "BatchSize %d is not between 1 and %d", m.BatchSize, maxStreamBatch)
	fail(m.BatchingWindow < 0 || m.BatchingWindow > maxWindow, "BatchingWindow %v is not between 0 and %v", m.BatchingWindow, maxWindow)
	fail(m.ParallelizationFactor < 1 || m.ParallelizationFactor > maxFactor, "ParallelizationFactor %d is not between 1 and %d", m.ParallelizationFactor, maxFactor)
	fail(m.StartingPosition != "TRIM_HORIZON" && m.StartingPosition != "LATEST", "StartingPosition %q: a DynamoDB stream takes TRIM_HORIZON or LATEST", m.StartingPosition)
	fail(m.MaximumRetryAttempts < -1 || m.MaximumRetryAttempts > maxRetries, "MaximumRetryAttempts %d is not between -1 and %d", m.MaximumRetryAttempts, maxRetries)
	fail(m.MaximumRecordAge > maxAge || m.MaximumRecordAge < 0 && m.MaximumRecordAge != -1, "MaximumRecordAge %v is neither -1 nor up to %v", m.MaximumRecordAge, maxAge)
	fail(m.TumblingWindow != 0, "TumblingWindow is not supported")
	return errors.Join(errs...)
}

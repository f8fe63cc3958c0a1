package eventsource

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// Why records were given up, in AWS's words.
const (
	retriesExhausted  = "RetryAttemptsExhausted"
	recordAgeExceeded = "RecordAgeExceeded"
)

// destinationAttempts is how often the OnFailure destination is tried.
const destinationAttempts = 5

// The report on records that were given up, as AWS sends it to the OnFailure
// destination: where they are in the stream, not what they hold. See
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html.
type failureReport struct {
	RequestContext  requestContext   `json:"requestContext"`
	ResponseContext *responseContext `json:"responseContext,omitempty"` // absent if never invoked
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	BatchInfo       batchInfo        `json:"DDBStreamBatchInfo"`
}

type requestContext struct {
	RequestID              string `json:"requestId"`
	FunctionArn            string `json:"functionArn"`
	Condition              string `json:"condition"`
	ApproximateInvokeCount int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int     `json:"statusCode"`
	ExecutedVersion string  `json:"executedVersion"`
	FunctionError   *string `json:"functionError"` // null after a partial failure
}

type batchInfo struct {
	ShardID                         string `json:"shardId"`
	StartSequenceNumber             string `json:"startSequenceNumber"`
	EndSequenceNumber               string `json:"endSequenceNumber"`
	ApproximateArrivalOfFirstRecord string `json:"approximateArrivalOfFirstRecord"`
	ApproximateArrivalOfLastRecord  string `json:"approximateArrivalOfLastRecord"`
	BatchSize                       int    `json:"batchSize"`
	StreamArn                       string `json:"streamArn"`
}

// giveUp reports records that will not be tried again, and counts them as
// done. Like AWS it does not hold the shard up for a destination that fails
// again and again; the log then has the sequence numbers. If ctx ends first,
// the records stay undone.
func (l *delivery) giveUp(ctx context.Context, b batch, condition string) {
	first, last := b.records[0], b.records[len(b.records)-1]
	l.log.Warn("records were given up", "shard", l.shard, "condition", condition,
		"start", first.seq, "end", last.seq, "records", len(b.records), "destination", l.mapping.OnFailure)
	if l.mapping.OnFailure != "" && !l.report(ctx, b, condition) {
		return
	}
	finish(b.records)
}

// report sends the report; false only if ctx ended before that was settled.
func (l *delivery) report(ctx context.Context, b batch, condition string) bool {
	body, err := marshal(l.failure(b, condition))
	if err != nil {
		panic(fmt.Sprintf("eventsource: encoding a report: %v", err)) // plain values only
	}
	for n := 1; ; n++ {
		err := l.options.Destination(ctx, l.mapping.OnFailure, body)
		if err == nil {
			return true
		}
		if n == destinationAttempts {
			l.log.Error("the OnFailure destination could not be told", "destination", l.mapping.OnFailure, "error", err, "report", string(body))
			return true
		}
		if !sleep(ctx, l.options.backoff(n)) {
			return false
		}
	}
}

func (l *delivery) failure(b batch, condition string) failureReport {
	first, last := b.records[0], b.records[len(b.records)-1]
	report := failureReport{
		RequestContext: requestContext{
			RequestID:              requestID(),
			FunctionArn:            l.options.functionARN(l.mapping.Function),
			Condition:              condition,
			ApproximateInvokeCount: b.invocations,
		},
		Version:   "1.0",
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		BatchInfo: batchInfo{
			ShardID:                         l.shard,
			StartSequenceNumber:             first.seq,
			EndSequenceNumber:               last.seq,
			ApproximateArrivalOfFirstRecord: arrival(first),
			ApproximateArrivalOfLastRecord:  arrival(last),
			BatchSize:                       len(b.records),
			StreamArn:                       l.mapping.StreamArn,
		},
	}
	if b.last != nil {
		report.ResponseContext = &responseContext{StatusCode: 200, ExecutedVersion: "$LATEST"}
		if b.last.functionError != "" {
			report.ResponseContext.FunctionError = &b.last.functionError
		}
	}
	return report
}

// arrival is in whole seconds, as the records' own times are.
func arrival(r *record) string {
	return r.created.UTC().Format("2006-01-02T15:04:05Z")
}

// requestID makes a random id of the form that Lambda uses.
func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

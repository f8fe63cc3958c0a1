package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

const testStream = "arn:aws:dynamodb:us-east-1:000000000000:table/Content/stream/2024-01-01T00:00:00.000"

// fakeStreams is a stream in memory. Iterators are "shard/position/number",
// and those up to expired are refused.
type fakeStreams struct {
	mu        sync.Mutex
	shards    []*fakeShard
	seq       int
	iterators int
	expired   int
	down      error          // answer of every call
	calls     map[string]int // by operation
	pageSize  int            // of DescribeStream; 0: all
}

type fakeShard struct {
	id, parent string
	records    []types.Record
	trimmed    int // records that are gone
	closed     bool
}

func newFake(shards ...*fakeShard) *fakeStreams {
	return &fakeStreams{shards: shards, calls: map[string]int{}}
}

// put writes a record to a shard and returns its sequence number.
func (f *fakeStreams) put(shard int, pk, sk string) string {
	return f.putRecord(shard, types.Record{EventName: types.OperationTypeInsert, Dynamodb: &types.StreamRecord{
		Keys: map[string]types.AttributeValue{
			"owner": &types.AttributeValueMemberS{Value: pk},
			"id":    &types.AttributeValueMemberS{Value: sk},
		},
	}})
}

func (f *fakeStreams) putRecord(shard int, r types.Record) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	seq := fmt.Sprintf("%021d", f.seq)
	r.EventID = aws.String("event-" + seq)
	r.Dynamodb.SequenceNumber = aws.String(seq)
	if r.Dynamodb.ApproximateCreationDateTime == nil {
		r.Dynamodb.ApproximateCreationDateTime = aws.Time(time.Now())
	}
	f.shards[shard].records = append(f.shards[shard].records, r)
	return seq
}

// do runs f under the lock.
func (f *fakeStreams) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// begin counts a call and says whether it fails.
func (f *fakeStreams) begin(op string) error {
	f.calls[op]++
	return f.down
}

func (f *fakeStreams) count(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

func (f *fakeStreams) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin("DescribeStream"); err != nil {
		return nil, err
	}
	d := &types.StreamDescription{StreamArn: in.StreamArn}
	after := aws.ToString(in.ExclusiveStartShardId)
	for _, s := range f.shards {
		if after != "" {
			if s.id == after {
				after = ""
			}
			continue
		}
		if f.pageSize > 0 && len(d.Shards) == f.pageSize {
			d.LastEvaluatedShardId = d.Shards[len(d.Shards)-1].ShardId
			break
		}
		shard := types.Shard{ShardId: aws.String(s.id), SequenceNumberRange: &types.SequenceNumberRange{}}
		if s.parent != "" {
			shard.ParentShardId = aws.String(s.parent)
		}
		if s.closed {
			shard.SequenceNumberRange.EndingSequenceNumber = aws.String("999")
		}
		d.Shards = append(d.Shards, shard)
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: d}, nil
}

func (f *fakeStreams) shard(id string) (*fakeShard, error) {
	for _, s := range f.shards {
		if s.id == id {
			return s, nil
		}
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("no such shard")}
}

func (f *fakeStreams) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin("GetShardIterator"); err != nil {
		return nil, err
	}
	s, err := f.shard(*in.ShardId)
	if err != nil {
		return nil, err
	}
	at := s.trimmed
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeLatest:
		at = len(s.records)
	case types.ShardIteratorTypeAfterSequenceNumber:
		for i, r := range s.records {
			if *r.Dynamodb.SequenceNumber <= *in.SequenceNumber {
				at = i + 1
			}
		}
		if at < s.trimmed {
			return nil, &types.TrimmedDataAccessException{Message: aws.String("trimmed")}
		}
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: f.iterator(s, at)}, nil
}

func (f *fakeStreams) iterator(s *fakeShard, at int) *string {
	f.iterators++
	return aws.String(fmt.Sprintf("%s/%d/%d", s.id, at, f.iterators))
}

func (f *fakeStreams) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin("GetRecords"); err != nil {
		return nil, err
	}
	parts := strings.Split(*in.ShardIterator, "/")
	at, _ := strconv.Atoi(parts[1])
	number, _ := strconv.Atoi(parts[2])
	if number <= f.expired {
		return nil, &types.ExpiredIteratorException{Message: aws.String("expired")}
	}
	s, err := f.shard(parts[0])
	if err != nil {
		return nil, err
	}
	end := min(len(s.records), at+int(*in.Limit))
	out := &dynamodbstreams.GetRecordsOutput{Records: append([]types.Record(nil), s.records[at:end]...)}
	if !s.closed || end < len(s.records) {
		out.NextShardIterator = f.iterator(s, end)
	}
	return out, nil
}

// function is a Lambda function that records its invocations. answer decides
// each result, one at a time; nil is success.
type function struct {
	mu     sync.Mutex
	got    [][]string // sequence numbers of each invocation
	events []events.DynamoDBEvent
	at     []time.Time
	answer func(seqs []string) (payload, functionError string, err error)
}

func (f *function) invoke(_ context.Context, _ string, event []byte) ([]byte, string, error) {
	var e events.DynamoDBEvent
	if err := json.Unmarshal(event, &e); err != nil {
		panic(err)
	}
	var seqs []string
	for _, r := range e.Records {
		seqs = append(seqs, r.Change.SequenceNumber)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, seqs)
	f.events = append(f.events, e)
	f.at = append(f.at, time.Now())
	if f.answer == nil {
		return nil, "", nil
	}
	payload, functionError, err := f.answer(seqs)
	return []byte(payload), functionError, err
}

func (f *function) invocations() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([][]string(nil), f.got...)
}

func (f *function) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got, f.events, f.at = nil, nil, nil
}

// failures answers with batchItemFailures.
func failures(ids ...string) string {
	var response events.DynamoDBEventResponse
	for _, id := range ids {
		response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: id})
	}
	b, err := json.Marshal(response)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// destination records reports.
type destination struct {
	mu      sync.Mutex
	reports []string
	fail    int // calls that fail before one succeeds
}

func (d *destination) send(_ context.Context, arn string, body []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail > 0 {
		d.fail--
		return fmt.Errorf("%s does not answer", arn)
	}
	d.reports = append(d.reports, string(body))
	return nil
}

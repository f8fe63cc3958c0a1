package contract

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

func (s subject) streamOf(t *testing.T, table string) string {
	t.Helper()
	out, err := s.streams.ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: &table})
	if err != nil || len(out.Streams) != 1 {
		t.Fatalf("ListStreams: %+v, %v", out, err)
	}
	return *out.Streams[0].StreamArn
}

func (s subject) shards(t *testing.T, stream string) *streamtypes.StreamDescription {
	t.Helper()
	out, err := s.streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: &stream})
	if err != nil {
		t.Fatalf("DescribeStream: %v", err)
	}
	return out.StreamDescription
}

func (s subject) iterator(t *testing.T, stream, shard, kind, sequence string) (string, error) {
	t.Helper()
	out, err := s.streams.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{StreamArn: &stream, ShardId: &shard,
		ShardIteratorType: streamtypes.ShardIteratorType(kind), SequenceNumber: optional(sequence)})
	if err != nil {
		return "", err
	}
	return *out.ShardIterator, nil
}

// read follows an iterator until nothing comes; closed is true at a shard's end.
func (s subject) read(t *testing.T, iterator string, limit int32) (records []streamtypes.Record, closed bool) {
	t.Helper()
	for {
		out, err := s.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator, Limit: &limit})
		if err != nil {
			t.Fatalf("GetRecords: %v", err)
		}
		if len(out.Records) > int(limit) {
			t.Errorf("%d records with limit %d", len(out.Records), limit)
		}
		records = append(records, out.Records...)
		if out.NextShardIterator == nil {
			return records, true
		}
		if len(out.Records) == 0 {
			return records, false
		}
		iterator = *out.NextShardIterator
	}
}

// all reads the stream of a table from its beginning.
func (s subject) all(t *testing.T, table string) []streamtypes.Record {
	t.Helper()
	stream := s.streamOf(t, table)
	var records []streamtypes.Record
	for _, shard := range s.shards(t, stream).Shards {
		iterator, err := s.iterator(t, stream, *shard.ShardId, "TRIM_HORIZON", "")
		if err != nil {
			t.Fatal(err)
		}
		found, _ := s.read(t, iterator, 1000)
		records = append(records, found...)
	}
	return records
}

// image writes a record's image in the form of the tables.
func image(values map[string]streamtypes.AttributeValue) string {
	if values == nil {
		return ""
	}
	it := item{}
	for name, v := range values {
		switch v := v.(type) {
		case *streamtypes.AttributeValueMemberS:
			it[name] = &types.AttributeValueMemberS{Value: v.Value}
		case *streamtypes.AttributeValueMemberN:
			it[name] = &types.AttributeValueMemberN{Value: v.Value}
		}
	}
	return text(it)
}

func TestViewsShowWhatTheyShould(t *testing.T) {
	const first, second = `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"1"}}`, `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"22"}}`
	cases := []struct {
		view             types.StreamViewType
		wantOld, wantNew []string // of insert, modify, remove
		sizes            []int64
	}{
		{types.StreamViewTypeKeysOnly, []string{"", "", ""}, []string{"", "", ""}, []int64{5, 5, 5}},
		{types.StreamViewTypeNewImage, []string{"", "", ""}, []string{first, second, ""}, []int64{12, 13, 5}},
		{types.StreamViewTypeOldImage, []string{"", first, second}, []string{"", "", ""}, []int64{5, 12, 13}},
		{types.StreamViewTypeNewAndOldImages, []string{"", first, second}, []string{first, second, ""}, []int64{12, 20, 13}},
	}
	each(t, func(t *testing.T, s subject) {
		for _, c := range cases {
			t.Run(string(c.view), func(t *testing.T) {
				table := s.createTable(t, withStream(c.view))
				s.put(t, table, first, first, second) // the second of them changes nothing
				del := &sdk.DeleteItemInput{TableName: &table, Key: parse(t, key)}
				for range 2 { // and so does the second of these
					if _, err := s.db.DeleteItem(t.Context(), del); err != nil {
						t.Fatal(err)
					}
				}
				records := s.all(t, table)
				if len(records) != 3 {
					t.Fatalf("%d records, want 3", len(records))
				}
				for i, r := range records {
					if want := []string{"INSERT", "MODIFY", "REMOVE"}[i]; string(r.EventName) != want {
						t.Errorf("record %d is %s, want %s", i, r.EventName, want)
					}
					if got := image(r.Dynamodb.Keys); got != key {
						t.Errorf("%s has keys %s", r.EventName, got)
					}
					if got := image(r.Dynamodb.OldImage); got != c.wantOld[i] {
						t.Errorf("%s has old image %s, want %s", r.EventName, got, c.wantOld[i])
					}
					if got := image(r.Dynamodb.NewImage); got != c.wantNew[i] {
						t.Errorf("%s has new image %s, want %s", r.EventName, got, c.wantNew[i])
					}
					if got := aws.ToInt64(r.Dynamodb.SizeBytes); got != c.sizes[i] {
						t.Errorf("%s has %d bytes, want %d", r.EventName, got, c.sizes[i])
					}
					checkEnvelope(t, r, c.view)
				}
			})
		}
	})
}

func checkEnvelope(t *testing.T, r streamtypes.Record, view types.StreamViewType) {
	t.Helper()
	switch {
	case aws.ToString(r.EventSource) != "aws:dynamodb", aws.ToString(r.EventVersion) != "1.1", aws.ToString(r.AwsRegion) == "",
		aws.ToString(r.EventID) == "", r.UserIdentity != nil, string(r.Dynamodb.StreamViewType) != string(view),
		len(aws.ToString(r.Dynamodb.SequenceNumber)) < 21, r.Dynamodb.ApproximateCreationDateTime == nil,
		time.Since(*r.Dynamodb.ApproximateCreationDateTime).Abs() > 5*time.Minute:
		t.Errorf("record %+v %+v", r, r.Dynamodb)
	}
}

func TestEveryKindOfWriteIsStreamed(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withStream(types.StreamViewTypeNewImage))
		update := "SET x = :v"
		steps := []func() error{
			func() error {
				_, err := s.db.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: &table, Key: parse(t, key), UpdateExpression: &update, ExpressionAttributeValues: parse(t, `{":v":{"S":"1"}}`)})
				return err
			},
			func() error {
				_, err := s.db.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: {putRequest(parse(t, keyB))}}})
				return err
			},
			func() error {
				_, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
					transactUpdate(t, table, key, "SET n = :v"), transactDelete(t, table, keyB), transactCheck(t, table, keyC, "attribute_not_exists(p)")}})
				return err
			},
		}
		for _, step := range steps {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, r := range s.all(t, table) {
			got = append(got, string(r.EventName)+" "+image(r.Dynamodb.Keys))
		}
		slices.Sort(got)
		want := []string{"INSERT " + key, "INSERT " + keyB, "MODIFY " + key, "REMOVE " + keyB}
		if !slices.Equal(got, want) {
			t.Errorf("records %q, want %q", got, want)
		}
	})
}

func TestIteratorsBeginWhereTheySay(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withStream(types.StreamViewTypeKeysOnly))
		for i := range 5 {
			s.put(t, table, fmt.Sprintf(`{"p":{"S":"a"},"s":{"N":"%d"}}`, i))
		}
		stream := s.streamOf(t, table)
		shard := *s.shards(t, stream).Shards[0].ShardId
		begin, err := s.iterator(t, stream, shard, "TRIM_HORIZON", "")
		if err != nil {
			t.Fatal(err)
		}
		records, _ := s.read(t, begin, 2)
		var sequence []string
		for _, r := range records {
			sequence = append(sequence, *r.Dynamodb.SequenceNumber)
		}
		if len(sequence) != 5 || !slices.IsSorted(sequence) || len(slices.Compact(slices.Clone(sequence))) != 5 {
			t.Fatalf("sequence numbers %v", sequence)
		}
		latest, err := s.iterator(t, stream, shard, "LATEST", "")
		if err != nil {
			t.Fatal(err)
		}
		s.put(t, table, keyB)
		for _, c := range []struct {
			kind, sequence string
			want           int
		}{{"TRIM_HORIZON", "", 6}, {"AT_SEQUENCE_NUMBER", sequence[2], 4}, {"AFTER_SEQUENCE_NUMBER", sequence[2], 3}, {"AFTER_SEQUENCE_NUMBER", sequence[4], 1}, {"LATEST", "", 0}} {
			iterator, err := s.iterator(t, stream, shard, c.kind, c.sequence)
			if err != nil {
				t.Fatal(err)
			}
			if records, _ := s.read(t, iterator, 1000); len(records) != c.want {
				t.Errorf("%s %s: %d records, want %d", c.kind, c.sequence, len(records), c.want)
			}
		}
		if records, _ := s.read(t, latest, 1000); len(records) != 1 {
			t.Errorf("the older LATEST iterator: %d records, want 1", len(records))
		}
		if again, _ := s.read(t, begin, 1000); len(again) != 6 {
			t.Errorf("an iterator used again: %d records, want 6", len(again))
		}
	})
}

func TestBadStreamRequestsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withStream(types.StreamViewTypeKeysOnly))
		stream := s.streamOf(t, table)
		shard := *s.shards(t, stream).Shards[0].ShardId
		for _, c := range []struct{ name, stream, shard, kind, sequence, err string }{
			{"no such stream", stream[:len(stream)-1] + "x", shard, "LATEST", "", notFound},
			{"no such shard", stream, "shardId-00000000000000000000-00000000", "LATEST", "", notFound},
			{"no sequence number", stream, shard, "AT_SEQUENCE_NUMBER", "", validation},
			{"a short sequence number", stream, shard, "AT_SEQUENCE_NUMBER", "5", validation},
			{"a needless sequence number", stream, shard, "LATEST", "000000000000000000001", validation + ": SequenceNumber should not be passed for this iterator type"},
			{"no such type", stream, shard, "NEWEST", "", validation},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := s.iterator(t, c.stream, c.shard, c.kind, c.sequence)
				wantError(t, err, c.err)
			})
		}
		begin, err := s.iterator(t, stream, shard, "TRIM_HORIZON", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []dynamodbstreams.GetRecordsInput{
			{ShardIterator: aws.String("nonsense")}, {ShardIterator: &begin, Limit: aws.Int32(0)}, {ShardIterator: &begin, Limit: aws.Int32(1001)},
		} {
			_, err := s.streams.GetRecords(t.Context(), &in)
			wantError(t, err, validation)
		}
	})
}

func TestADisabledStreamCanBeReadToItsEnd(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withStream(types.StreamViewTypeKeysOnly))
		s.put(t, table, key)
		stream := s.streamOf(t, table)
		setStream := func(spec types.StreamSpecification) error {
			_, err := s.db.UpdateTable(t.Context(), &sdk.UpdateTableInput{TableName: &table, StreamSpecification: &spec})
			return err
		}
		on, off := types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}, types.StreamSpecification{StreamEnabled: aws.Bool(false)}
		wantError(t, setStream(on), validation+": Table already has an enabled stream")
		wantError(t, setStream(off), "")
		wantError(t, setStream(off), validation+": Table has no stream to disable")
		s.put(t, table, keyB)
		d := s.shards(t, stream)
		if d.StreamStatus != streamtypes.StreamStatusDisabled || d.Shards[0].SequenceNumberRange.EndingSequenceNumber == nil {
			t.Errorf("described as %+v", d)
		}
		begin, err := s.iterator(t, stream, *d.Shards[0].ShardId, "TRIM_HORIZON", "")
		if err != nil {
			t.Fatal(err)
		}
		if records, closed := s.read(t, begin, 1000); len(records) != 1 || !closed {
			t.Errorf("%d records, closed %t; want 1 and the end", len(records), closed)
		}
		wantError(t, setStream(on), "")
		out, err := s.streams.ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: &table})
		if err != nil || len(out.Streams) != 2 {
			t.Errorf("ListStreams: %+v, %v; want the old and the new stream", out, err)
		}
	})
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// errTrimmed is a place of a stream whose records are not there any more.
var errTrimmed = errors.New("the stream does not have the records any more (it keeps them for 24 hours): have the application write the items again")

// readPlace reads the records of a place from the stream.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
func (a *account) readPlace(ctx context.Context, p *place) (all []record, err error) {
	var at struct{ ShardIterator string }
	err = a.call(ctx, streamsAPI, "GetShardIterator", map[string]any{"StreamArn": p.Stream, "ShardId": p.Shard,
		"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": p.First}, &at)
	for err == nil && at.ShardIterator != "" {
		var page struct {
			Records           []json.RawMessage
			NextShardIterator string
		}
		err = a.call(ctx, streamsAPI, "GetRecords", map[string]any{"ShardIterator": at.ShardIterator}, &page)
		for _, raw := range page.Records {
			r, ok := parseRecord(asEvent(raw, p.Stream))
			if !ok {
				return nil, fmt.Errorf("a record of %s cannot be read", p.Shard)
			}
			if before(p.Last, r.DynamoDB.Sequence) {
				return all, nil
			}
			all = append(all, r)
			if r.DynamoDB.Sequence == p.Last {
				return all, nil
			}
		}
		at.ShardIterator = page.NextShardIterator
	}
	return all, trimmed(err)
}

func trimmed(err error) error {
	var r *refusal
	if errors.As(err, &r) && (r.kind == "TrimmedDataAccessException" || r.kind == "ResourceNotFoundException") {
		return errTrimmed
	}
	return err
}

// asEvent is a record of the stream's API as Lambda puts it into an event, which says its stream.
func asEvent(raw json.RawMessage, stream string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return raw
	}
	members["eventSourceARN"], _ = json.Marshal(stream)
	event, _ := json.Marshal(members)
	return event
}

package dynamodb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

type listStreamsInput struct {
	TableName               string
	Limit                   *int
	ExclusiveStartStreamArn string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html
func (e *Engine) listStreams(in *listStreamsInput) (object, error) {
	limit, err := pageLimit(in.Limit, 100)
	if err != nil {
		return nil, err
	}
	list := e.streamsOf(in.TableName)
	list = slices.DeleteFunc(list, func(s *stream) bool { return s.arn <= in.ExclusiveStartStreamArn })
	out := object{}
	if len(list) > limit {
		list = list[:limit]
		out = object{{"LastEvaluatedStreamArn", list[limit-1].arn}}
	}
	described := []object{}
	for _, s := range list {
		described = append(described, object{{"StreamArn", s.arn}, {"TableName", s.table}, {"StreamLabel", s.label}})
	}
	return append(object{{"Streams", described}}, out...), nil
}

// pageLimit reads a Limit parameter that may be absent.
func pageLimit(limit *int, highest int) (int, error) {
	if limit == nil {
		return highest, nil
	}
	if *limit > highest {
		return 0, constraint(*limit, "limit", "Member must have value less than or equal to "+strconv.Itoa(highest))
	}
	return *limit, atLeast("limit", limit, 1)
}

// streamsOf returns the streams of a table, or all of them, sorted by ARN.
func (e *Engine) streamsOf(table string) []*stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	var list []*stream
	for arn, s := range e.streams {
		if s.isGone(now) {
			delete(e.streams, arn)
			continue
		}
		if table == "" || s.table == table {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *stream) int { return strings.Compare(a.arn, b.arn) })
	return list
}

type describeStreamInput struct {
	StreamArn             string
	Limit                 *int
	ExclusiveStartShardId string
	ShardFilter           *struct{ Type, ShardId string }
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
func (e *Engine) describeStream(in *describeStreamInput) (object, error) {
	if in.StreamArn == "" {
		return nil, invalid("Invalid StreamArn")
	}
	limit, err := pageLimit(in.Limit, 100)
	if err != nil {
		return nil, err
	}
	s, err := e.stream(in.StreamArn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim(e.now())
	shards, last, err := s.page(in, limit)
	if err != nil {
		return nil, err
	}
	status := "ENABLED"
	if !s.disabled.IsZero() {
		status = "DISABLED"
	}
	return object{{"StreamDescription", object{
		{"StreamArn", s.arn}, {"StreamLabel", s.label}, {"StreamStatus", status}, {"StreamViewType", s.view},
		{"CreationRequestDateTime", s.created}, {"TableName", s.table}, {"KeySchema", s.schema.describe()},
		{"Shards", shards}, {"LastEvaluatedShardId", last},
	}}}, nil
}

// page describes up to limit of the shards asked for; last is nil after the final page.
func (s *stream) page(in *describeStreamInput, limit int) (described []object, last any, err error) {
	shards := slices.Clone(s.shards)
	if f := in.ShardFilter; f != nil {
		if f.Type != "CHILD_SHARDS" || f.ShardId == "" {
			return nil, nil, invalid("ShardFilter must have the Type CHILD_SHARDS and a ShardId")
		}
		shards = slices.DeleteFunc(shards, func(sh *shard) bool { return sh.parent != f.ShardId })
	}
	slices.SortFunc(shards, func(a, b *shard) int { return cmp.Compare(a.first, b.first) })
	if in.ExclusiveStartShardId != "" {
		i := slices.IndexFunc(shards, func(sh *shard) bool { return sh.id == in.ExclusiveStartShardId })
		shards = shards[i+1:]
	}
	if len(shards) > limit {
		shards = shards[:limit]
		last = shards[limit-1].id
	}
	described = []object{}
	for _, sh := range shards {
		described = append(described, sh.describe())
	}
	return described, last, nil
}

func (sh *shard) describe() object {
	span := object{{"StartingSequenceNumber", sequenceText(sh.first)}}
	if !sh.isOpen() {
		span = append(span, member{"EndingSequenceNumber", sequenceText(sh.end)})
	}
	return object{{"ShardId", sh.id}, {"SequenceNumberRange", span}}.
		with(sh.parent != "", "ParentShardId", sh.parent)
}

package dynamodb

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// iteratorLife is how long a shard iterator can be used.
const iteratorLife = 15 * time.Minute

// iterator is a place in a shard: the next sequence number to be read. Outside
// it is ARN|1|base64 of the rest, as on AWS; it holds its whole state, so that
// the engine keeps none.
type iterator struct {
	stream, shard string
	next          uint64
	made          time.Time
}

func (it iterator) String() string {
	state := fmt.Sprintf("%s|%d|%d", it.shard, it.next, it.made.UnixMilli())
	return it.stream + "|1|" + base64.StdEncoding.EncodeToString([]byte(state))
}

func parseIterator(text string) (iterator, error) {
	bad := invalid("Invalid ShardIterator")
	parts := strings.Split(text, "|")
	if len(parts) != 3 || parts[1] != "1" {
		return iterator{}, bad
	}
	state, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return iterator{}, bad
	}
	fields := strings.Split(string(state), "|")
	if len(fields) != 3 {
		return iterator{}, bad
	}
	next, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return iterator{}, bad
	}
	made, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return iterator{}, bad
	}
	return iterator{parts[0], fields[0], next, time.UnixMilli(made)}, nil
}

type shardIteratorInput struct {
	StreamArn, ShardId, ShardIteratorType, SequenceNumber string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
func (e *Engine) getShardIterator(in *shardIteratorInput) (object, error) {
	if err := firstError(present("streamArn", in.StreamArn != ""), present("shardId", in.ShardId != ""),
		present("shardIteratorType", in.ShardIteratorType != ""),
		oneOf("shardIteratorType", in.ShardIteratorType, "TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")); err != nil {
		return nil, err
	}
	s, err := e.stream(in.StreamArn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim(e.now())
	sh := s.shard(in.ShardId)
	if sh == nil {
		return nil, shardNotFound(in.ShardId)
	}
	next, err := sh.position(in, e.sequence.Load())
	if err != nil {
		return nil, err
	}
	return object{{"ShardIterator", iterator{s.arn, sh.id, next, e.now()}.String()}}, nil
}

func shardNotFound(id string) error {
	return failure("ResourceNotFoundException", "Requested resource not found: Shard does not exist: %s", id)
}

// position finds the sequence number that an iterator begins with; last is the
// newest of the engine.
func (sh *shard) position(in *shardIteratorInput, last uint64) (uint64, error) {
	byNumber := strings.HasSuffix(in.ShardIteratorType, "_SEQUENCE_NUMBER")
	switch {
	case !byNumber && in.SequenceNumber != "":
		return 0, invalidValues("SequenceNumber should not be passed for this iterator type")
	case in.ShardIteratorType == "TRIM_HORIZON":
		return sh.trimmed + 1, nil
	case in.ShardIteratorType == "LATEST":
		return last + 1, nil
	case len(in.SequenceNumber) < 21 || len(in.SequenceNumber) > 40:
		return 0, constraint(in.SequenceNumber, "sequenceNumber", "Member must have length between 21 and 40")
	}
	n, err := strconv.ParseUint(in.SequenceNumber, 10, 64)
	if err != nil {
		return 0, invalidValues("Invalid SequenceNumber")
	}
	if n < sh.first || !sh.isOpen() && n > sh.end {
		return 0, invalidValues("SequenceNumber %s is not within the shard %s", in.SequenceNumber, sh.id)
	}
	if in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER" {
		n++
	}
	if n <= sh.trimmed {
		return 0, errTrimmed()
	}
	return n, nil
}

func errTrimmed() error {
	return failure("TrimmedDataAccessException", "The operation attempted to read past the oldest stream record in a shard")
}

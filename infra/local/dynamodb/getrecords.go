package dynamodb

import (
	"strconv"
	"time"

	"edgestream/infra/local/dynamodb/attribute"
)

// Limits of one GetRecords.
const (
	maxRecords     = 1000
	maxRecordBytes = 1 << 20
)

type getRecordsInput struct {
	ShardIterator string
	Limit         *int
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
func (e *Engine) getRecords(in *getRecordsInput) (object, error) {
	limit, err := pageLimit(in.Limit, maxRecords)
	if err != nil {
		return nil, err
	}
	it, err := parseIterator(in.ShardIterator)
	if err != nil {
		return nil, err
	}
	if e.now().Sub(it.made) > iteratorLife {
		return nil, failure("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s while right now it is %s, which is further in the future than the tolerated delay of 15 minutes", it.made, e.now())
	}
	s, err := e.stream(it.stream)
	if err != nil {
		return nil, err
	}
	records, ended, err := s.read(&it, limit, e.now())
	if err != nil {
		return nil, err
	}
	it.made = e.now()
	return object{{"Records", recordPage{records, s.view, e.opts.Region}}}.with(!ended, "NextShardIterator", it.String()), nil
}

// read takes records from the iterator's place on and moves it. ended is true
// if the shard is closed and has been read to its end.
func (s *stream) read(it *iterator, limit int, now time.Time) (records []*record, ended bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim(now)
	sh := s.shard(it.shard)
	if sh == nil {
		return nil, false, shardNotFound(it.shard)
	}
	if it.next <= sh.trimmed {
		return nil, false, errTrimmed()
	}
	rest := sh.from(it.next)
	bytes, n := 0, 0
	for n < len(rest) && n < limit && (n == 0 || bytes+rest[n].size <= maxRecordBytes) {
		bytes += rest[n].size
		n++
	}
	records = rest[:n:n]
	if n > 0 {
		it.next = records[n-1].sequence + 1
	}
	// The slice is shared, but its records never change and trim only clears
	// entries under the lock: copy while it is held.
	return append([]*record(nil), records...), !sh.isOpen() && n == len(rest), nil
}

// recordPage is the Records member of a response.
type recordPage struct {
	records      []*record
	view, region string
}

// appendRecord writes a record as the API and Lambda have it. It does without
// an object because polling a busy stream writes little else.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
func (p recordPage) appendRecord(r *record, b []byte) []byte {
	b = append(b, `{"eventID":"`...)
	b = append(b, r.id...)
	b = append(b, `","eventName":"`...)
	b = append(b, r.name...)
	b = append(b, `","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":`...)
	b = attribute.AppendString(b, p.region)
	b = append(b, `,"dynamodb":{"ApproximateCreationDateTime":`...)
	b = strconv.AppendInt(b, r.at.Unix(), 10)
	b = appendImage(b, "Keys", r.keys)
	b = appendImage(b, "NewImage", r.newImage)
	b = appendImage(b, "OldImage", r.oldImage)
	b = append(b, `,"SequenceNumber":"`...)
	b = append(b, sequenceText(r.sequence)...)
	b = append(b, `","SizeBytes":`...)
	b = strconv.AppendInt(b, int64(r.size), 10)
	b = append(b, `,"StreamViewType":"`...)
	b = append(b, p.view...)
	b = append(b, `"}`...)
	if r.expired {
		b = append(b, `,"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}`...)
	}
	return append(b, '}')
}

func appendImage(b []byte, name string, image attribute.Item) []byte {
	if image == nil {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return image.AppendJSON(b)
}

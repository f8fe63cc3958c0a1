package dynamodb

import "time"

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
	list := make([]object, len(records))
	for i, r := range records {
		list[i] = s.describe(r, e.opts.Region)
	}
	it.made = e.now()
	return object{{"Records", list}}.with(!ended, "NextShardIterator", it.String()), nil
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

// describe writes a record as the API and Lambda have it.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
func (s *stream) describe(r *record, region string) object {
	change := object{{"ApproximateCreationDateTime", r.at.Truncate(time.Second)}, {"Keys", r.keys}}.
		with(r.newImage != nil, "NewImage", r.newImage).
		with(r.oldImage != nil, "OldImage", r.oldImage)
	change = append(change, object{{"SequenceNumber", sequenceText(r.sequence)}, {"SizeBytes", r.size}, {"StreamViewType", s.view}}...)
	return object{
		{"eventID", r.id}, {"eventName", r.name}, {"eventVersion", "1.1"}, {"eventSource", "aws:dynamodb"},
		{"awsRegion", region}, {"dynamodb", change},
	}.with(r.expired, "userIdentity", object{{"Type", "Service"}, {"PrincipalId", "dynamodb.amazonaws.com"}})
}

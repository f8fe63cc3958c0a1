package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// message is a letter that has been understood as far as it can be.
type message struct {
	letter
	id, what, reason string
	records          []record // in their order
	function         string   // that is to have them; empty: who reads their stream
	place            *place   // where records are that it does not have itself
	source           string   // the queue that it was on before
	still            string   // why nothing can be done about it
}

// place is a range of a stream's shard, as Lambda reports it to an OnFailure destination.
type place struct {
	Shard  string `json:"shardId"`
	First  string `json:"startSequenceNumber"`
	Last   string `json:"endSequenceNumber"`
	Size   int    `json:"batchSize"`
	Stream string
}

// report is what Lambda puts on an OnFailure destination: for records of a stream
// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html) or for an asynchronous
// invocation (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
type report struct {
	Context struct {
		Function  string `json:"functionArn"`
		Condition string
		Count     int `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Batch *struct {
		place
		Stream string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
	Answer struct {
		Message string `json:"errorMessage"`
	} `json:"responsePayload"`
}

// read understands a letter.
func read(l letter) *message {
	m := &message{letter: l, id: l.ID, reason: l.Attributes["reason"].StringValue}
	switch {
	case l.System["DeadLetterQueueSourceArn"] != "":
		m.source = l.System["DeadLetterQueueSourceArn"]
		m.what = "a dead letter of " + last(m.source)
		m.say("received too often there")
	case m.readRecord() || m.readReport():
	default:
		m.what, m.still = "a message", "it is no record of a stream: read it, and discard it"
		m.say("unknown")
	}
	return m
}

func (m *message) say(reason string) {
	if m.reason == "" {
		m.reason = reason
	}
}

// readRecord reads a record, or what is left of one that was too large for a message.
func (m *message) readRecord() bool {
	var short struct {
		Cut    *string
		Record json.RawMessage
	}
	r, ok := parseRecord([]byte(m.Body))
	if !ok && json.Unmarshal([]byte(m.Body), &short) == nil && short.Cut != nil {
		if r, ok = parseRecord(short.Record); ok {
			m.still = "the record was too large for a message, and is there in part: write the item again"
		}
	}
	if ok {
		m.records = []record{r}
		m.what = fmt.Sprintf("a record, %s in %s", r.EventName, r.table())
		m.say("unknown")
	}
	return ok
}

func (m *message) readReport() bool {
	var r report
	if json.Unmarshal([]byte(m.Body), &r) != nil || r.Context.Function == "" {
		return false
	}
	m.say(fmt.Sprintf("%s, tried %d times", r.Context.Condition, r.Context.Count))
	m.function = r.Context.Function
	if b := r.Batch; b != nil {
		b.place.Stream = b.Stream
		m.place = &b.place
		m.what = fmt.Sprintf("given up, %d record(s) of %s by %s", b.Size, (&record{Stream: b.Stream}).table(), last(m.function))
		return true
	}
	m.what, m.still = "an invocation of "+last(m.function), "its moment has passed: discard it"
	if r.Answer.Message != "" {
		m.reason += ": " + r.Answer.Message
	}
	return true
}

// first is the sequence number with which the message begins, or empty.
func (m *message) first() string {
	if m.place != nil {
		return m.place.First
	}
	if len(m.records) > 0 {
		return m.records[0].DynamoDB.Sequence
	}
	return ""
}

// age is how long ago it happened: for records, since the item was changed.
func (m *message) age(now time.Time) time.Duration {
	since := m.sent()
	if len(m.records) > 0 && m.records[0].DynamoDB.Created > 0 {
		since = m.records[0].created()
	}
	return max(0, now.Sub(since))
}

package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// placeIndex is History's index by place.
	placeIndex = "place"
	// rowsOutlive is how much longer than asked for rows are kept: while a client is away whose id
	// stands for what was on its way, and clocks differ.
	rowsOutlive = 10 * time.Minute
	// historyFor is how long logs keep their entries, if KeepFor does not say otherwise.
	historyFor = 15 * time.Minute
	// maxEntry bounds the messages of an entry. With the copy of it that the index holds a row may
	// have 400 KB.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
	maxEntry = 190 << 10
)

// History is the History table, which holds the logs of topics. It is safe for concurrent use. Its
// errors wrap those of package history.
type History struct {
	table table.Table
	// once is the table to which a call is made once.
	once table.Table
	keep time.Duration
	// control appends what is for the service's own readers.
	control *history.Writer
}

// NewHistory uses the table with this name.
func NewHistory(client *awscall.Client, name string) *History {
	h := &History{table: table.New(client, name), once: table.New(client.Once(), name), keep: historyFor}
	h.control = history.NewWriter(h, history.WriterConfig{Lanes: 1})
	return h
}

// KeepFor has what is appended kept for so long. Call it before any use.
func (h *History) KeepFor(keep time.Duration) *History {
	h.keep = keep
	return h
}

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (h *History) Meter(report func(table.Units)) {
	h.table.Meter(report)
	h.once.Meter(report)
}

// Append implements history.Log.
func (h *History) Append(ctx context.Context, e history.Entry) (history.Entry, error) {
	key := entryKey(e)
	if !table.Fits(key) || entrySize(e) > maxEntry {
		return history.Entry{}, history.ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, history.AppendTimeout)
	defer cancel()
	_, err := h.once.Call(ctx, "PutItem", table.Parameters{
		"Item":                                append(append(key, entryRow(e)...), table.Expires(e.At.Add(h.keep+rowsOutlive))),
		"ConditionExpression":                 "attribute_not_exists(pk)",
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	var c *table.Conflict
	switch {
	case err == nil:
		return e, nil
	case !errors.As(err, &c):
		return history.Entry{}, unavailable(err)
	}
	stored, ok := readEntry(e.Topic, c.Row)
	if !ok {
		return history.Entry{}, unavailable(fmt.Errorf("entry %q of %s: %w", e.Record, e.Topic, errMalformed))
	}
	return stored, nil
}

// unavailable says of any failure that it may pass, except that DynamoDB takes no such row, or none
// any more: a topic's log has 10 GB, with what the time to live has not removed yet, and what comes
// after it must not wait for days.
func unavailable(err error) error {
	if awscall.Is(err, "ValidationException") || awscall.Is(err, "ItemCollectionSizeLimitExceededException") {
		return fmt.Errorf("%w: %w", history.ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", history.ErrUnavailable, err)
}

// Read implements history.Log. Rows that are no entries are left out.
func (h *History) Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	pk := logPartition(topic)
	if len(pk) > table.MaxPartitionKey {
		return nil, false, nil // nothing can have been appended
	}
	in := table.Parameters{
		"IndexName": placeIndex, "ConsistentRead": consistent,
		"KeyConditionExpression":    "pk = :pk AND #at > :after",
		"ExpressionAttributeNames":  map[string]string{"#at": "at"},
		"ExpressionAttributeValues": table.Item{{":pk", table.Text(pk)}, {":after", table.Number(max(0, after.UnixMicro()))}},
	}
	var rows []table.Item
	for {
		got, err := h.table.Call(ctx, "Query", in)
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", history.ErrUnavailable, err)
		}
		rows = append(rows, got.Rows...)
		if len(got.More) == 0 {
			return readEntries(topic, rows), false, nil
		}
		if entries := readEntries(topic, wholePlaces(rows)); len(entries) > 0 {
			return entries, true, nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}

// wholePlaces leaves out the rows of the last place, of which there may be more.
func wholePlaces(rows []table.Item) []table.Item {
	end := len(rows)
	for end > 0 && rows[end-1].Get("at").Text == rows[len(rows)-1].Get("at").Text {
		end--
	}
	return rows[:end]
}

// Control appends a message to the log of the topic that is for the service's own readers: its
// event begins with "_". It is tried again for some seconds.
func (h *History) Control(ctx context.Context, topic stream.Topic, event, payload string) error {
	_, errs := h.control.Append(ctx, []history.Entry{{
		Topic: topic, Record: "control#" + rand.Text(),
		Messages: []stream.Message{{Topic: topic, Event: event, Payload: []byte(payload)}},
	}})
	return errs[0]
}

package dynamo

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

func logPartition(topic stream.Topic) string { return "log#" + topic.String() }

func entryKey(e history.Entry) table.Item { return keyOf(logPartition(e.Topic), e.Record) }

// entrySize is about how many bytes of a row the messages are.
func entrySize(e history.Entry) int {
	size := 0
	for i, m := range e.Messages {
		size += 32 + len(m.Event)
		if sameAs(e.Messages, i) < 0 {
			size += len(m.Payload)
		}
		for _, name := range m.Streams {
			size += len(name) + 1
		}
	}
	return size
}

// entryRow is an entry without its key.
func entryRow(e history.Entry) table.Item {
	row := table.Item{{"at", table.Number(e.At.UnixMicro())}, {"w", table.Text(e.Writer)}, {"n", unsigned(e.N)}}
	if !e.Previous.IsZero() {
		row = append(row, table.Field{"p", table.Number(e.Previous.UnixMicro())})
	}
	if e.Owner != "" || e.Sequence != "" {
		row = append(row, table.Field{"o", table.Text(e.Owner)}, table.Field{"q", table.Text(e.Sequence)})
	}
	messages := table.Value{Kind: table.IsList}
	for i := range e.Messages {
		messages.List = append(messages.List, table.Map(messageRow(e.Messages, i)))
	}
	return append(row, table.Field{"m", messages})
}

func unsigned(n uint64) table.Value {
	return table.Value{Kind: table.IsNumber, Text: strconv.FormatUint(n, 10)}
}

// messageRow is a message. Its payload is d; none if it has none; or stands in the message whose
// index is r, which says the same. A payload that is no text is bytes.
func messageRow(messages []stream.Message, i int) table.Item {
	m := messages[i]
	row := table.Item{{"e", table.Text(m.Event)}}
	if len(m.Streams) > 0 {
		names := make([]string, len(m.Streams))
		for n, name := range m.Streams {
			names[n] = string(name)
		}
		row = append(row, table.Field{"s", table.Text(strings.Join(names, " "))})
	}
	if m.Part != 0 {
		row = append(row, table.Field{"p", table.Number(int64(m.Part))})
	}
	if m.Exact {
		row = append(row, table.Field{"x", table.Flag(true)})
	}
	switch same := sameAs(messages, i); {
	case m.Payload == nil:
		return row
	case same >= 0:
		return append(row, table.Field{"r", table.Number(int64(same))})
	case utf8.Valid(m.Payload):
		return append(row, table.Field{"d", table.Text(string(m.Payload))})
	}
	return append(row, table.Field{"d", table.Value{Kind: table.IsBinary, Text: base64.StdEncoding.EncodeToString(m.Payload)}})
}

// sameAs is the first of the messages before this one that has its payload; -1 if none has, or the
// payload is as short as a reference.
func sameAs(messages []stream.Message, i int) int {
	if len(messages[i].Payload) < 8 {
		return -1
	}
	for n, m := range messages[:i] {
		if bytes.Equal(m.Payload, messages[i].Payload) {
			return n
		}
	}
	return -1
}

func readEntries(topic stream.Topic, rows []table.Item) []history.Entry {
	if len(rows) == 0 {
		return nil
	}
	entries := make([]history.Entry, 0, len(rows))
	for _, row := range rows {
		if e, ok := readEntry(topic, row); ok {
			entries = append(entries, e)
		}
	}
	return entries
}

// readEntry reads what entryRow wrote; false if the row is no entry.
func readEntry(topic stream.Topic, row table.Item) (e history.Entry, ok bool) {
	at, isAt := row.Get("at").Int()
	n, err := strconv.ParseUint(row.Get("n").Text, 10, 64)
	e = history.Entry{
		Topic: topic, Record: row.Get("sk").Text, At: time.UnixMicro(at).UTC(), Writer: row.Get("w").Text, N: n,
		Owner: row.Get("o").Text, Sequence: row.Get("q").Text,
	}
	if previous, ok := row.Get("p").Int(); ok {
		e.Previous = time.UnixMicro(previous).UTC()
	}
	messages := row.Get("m")
	for _, v := range messages.List {
		m, ok := readMessage(topic, v.Fields, e.Messages)
		if !ok {
			return e, false
		}
		e.Messages = append(e.Messages, m)
	}
	return e, isAt && err == nil && messages.Kind == table.IsList
}

// readMessage reads what messageRow wrote behind the messages before it.
func readMessage(topic stream.Topic, row table.Item, before []stream.Message) (m stream.Message, ok bool) {
	m = stream.Message{Topic: topic, Event: row.Get("e").Text, Exact: row.Get("x").Flag}
	for _, name := range strings.Fields(row.Get("s").Text) {
		m.Streams = append(m.Streams, stream.Name(name))
	}
	part, _ := row.Get("p").Int()
	m.Part = int(part)
	if same := row.Get("r"); same.Kind != "" {
		i, ok := same.Int()
		if !ok || i < 0 || i >= int64(len(before)) {
			return m, false
		}
		m.Payload = before[i].Payload
		return m, true
	}
	switch payload := row.Get("d"); payload.Kind {
	case table.IsString:
		m.Payload = []byte(payload.Text)
	case table.IsBinary:
		decoded, err := base64.StdEncoding.DecodeString(payload.Text)
		m.Payload = decoded
		return m, err == nil
	}
	return m, true
}

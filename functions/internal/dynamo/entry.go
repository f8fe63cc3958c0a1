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
)

func logPartition(topic stream.Topic) string { return "log#" + topic.String() }

func entryKey(e history.Entry) item { return keyOf(logPartition(e.Topic), e.Record) }

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
func entryRow(e history.Entry) item {
	row := item{{"at", number(e.At.UnixMicro())}, {"w", text(e.Writer)}, {"n", unsigned(e.N)}}
	if !e.Previous.IsZero() {
		row = append(row, field{"p", number(e.Previous.UnixMicro())})
	}
	if e.Owner != "" || e.Sequence != "" {
		row = append(row, field{"o", text(e.Owner)}, field{"q", text(e.Sequence)})
	}
	messages := value{kind: isList}
	for i := range e.Messages {
		messages.list = append(messages.list, mapOf(messageRow(e.Messages, i)))
	}
	return append(row, field{"m", messages})
}

func unsigned(n uint64) value { return value{kind: isNumber, text: strconv.FormatUint(n, 10)} }

// messageRow is a message. Its payload is d; none if it has none; or stands in the message whose
// index is r, which says the same. A payload that is no text is bytes.
func messageRow(messages []stream.Message, i int) item {
	m := messages[i]
	row := item{{"e", text(m.Event)}}
	if len(m.Streams) > 0 {
		names := make([]string, len(m.Streams))
		for n, name := range m.Streams {
			names[n] = string(name)
		}
		row = append(row, field{"s", text(strings.Join(names, " "))})
	}
	if m.Part != 0 {
		row = append(row, field{"p", number(int64(m.Part))})
	}
	if m.Exact {
		row = append(row, field{"x", flag(true)})
	}
	switch same := sameAs(messages, i); {
	case m.Payload == nil:
		return row
	case same >= 0:
		return append(row, field{"r", number(int64(same))})
	case utf8.Valid(m.Payload):
		return append(row, field{"d", text(string(m.Payload))})
	}
	return append(row, field{"d", value{kind: isBinary, text: base64.StdEncoding.EncodeToString(m.Payload)}})
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

func readEntries(topic stream.Topic, rows []item) []history.Entry {
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
func readEntry(topic stream.Topic, row item) (e history.Entry, ok bool) {
	at, isAt := row.get("at").int()
	n, err := strconv.ParseUint(row.get("n").text, 10, 64)
	e = history.Entry{
		Topic: topic, Record: row.get("sk").text, At: time.UnixMicro(at).UTC(), Writer: row.get("w").text, N: n,
		Owner: row.get("o").text, Sequence: row.get("q").text,
	}
	if previous, ok := row.get("p").int(); ok {
		e.Previous = time.UnixMicro(previous).UTC()
	}
	messages := row.get("m")
	for _, v := range messages.list {
		m, ok := readMessage(topic, v.fields, e.Messages)
		if !ok {
			return e, false
		}
		e.Messages = append(e.Messages, m)
	}
	return e, isAt && err == nil && messages.kind == isList
}

// readMessage reads what messageRow wrote behind the messages before it.
func readMessage(topic stream.Topic, row item, before []stream.Message) (m stream.Message, ok bool) {
	m = stream.Message{Topic: topic, Event: row.get("e").text, Exact: row.get("x").flag}
	for _, name := range strings.Fields(row.get("s").text) {
		m.Streams = append(m.Streams, stream.Name(name))
	}
	part, _ := row.get("p").int()
	m.Part = int(part)
	if same := row.get("r"); same.kind != "" {
		i, ok := same.int()
		if !ok || i < 0 || i >= int64(len(before)) {
			return m, false
		}
		m.Payload = before[i].Payload
		return m, true
	}
	switch payload := row.get("d"); payload.kind {
	case isString:
		m.Payload = []byte(payload.text)
	case isBinary:
		decoded, err := base64.StdEncoding.DecodeString(payload.text)
		m.Payload = decoded
		return m, err == nil
	}
	return m, true
}

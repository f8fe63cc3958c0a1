package sqs

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	maxMessage     = 1 << 20 // body and attributes together
	attributesSize = 200     // names, types and the "cut" attribute
	maxReason      = 1024
)

// fit makes a message body of a record: the record as it is, or, when that is over the limit, a
// JSON object with the record's members other than its images, and as much of the record's text
// as there is room for under "cut".
func fit(record []byte, limit int) (text string, cut bool) {
	text = printable(string(record), -1)
	if len(text) <= limit && text != "" {
		return text, false
	}
	if text == "" {
		return "(empty)", false
	}
	short := map[string]any{"cut": "", "record": withoutImages(record)}
	frame, _ := json.Marshal(short) // maps of raw JSON and text always marshal
	if len(frame) > limit/2 {
		delete(short, "record") // no record that DynamoDB makes
		frame = nil
	}
	// A byte of text can become six in JSON ("\u0000"), so the room is filled by trial.
	for room := limit - len(frame) - 64; room > 0; room = room * 3 / 4 {
		short["cut"] = printable(text, room)
		if b := encode(short); len(b) <= limit {
			return b, true
		}
	}
	return text[:0], true
}

// withoutImages is the record as DynamoDB wrote it, but without the item's images, which are what
// makes it large: eventID, keys and sequence number stay. Nil if it is no JSON object.
func withoutImages(record []byte) map[string]json.RawMessage {
	var whole, change map[string]json.RawMessage
	if json.Unmarshal(record, &whole) != nil {
		return nil
	}
	if json.Unmarshal(whole["dynamodb"], &change) == nil {
		delete(change, "NewImage")
		delete(change, "OldImage")
		whole["dynamodb"], _ = json.Marshal(change)
	}
	return whole
}

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

// printable is the text with what a message cannot carry replaced, and at most limit bytes of it
// (-1: all). A message is of #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, s)
	if limit < 0 || len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

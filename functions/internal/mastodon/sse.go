package mastodon

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a stream of server-sent events consists of besides its events,
// https://html.spec.whatwg.org/multipage/server-sent-events.html. Both are comments: an empty line
// after them would be an event without fields, on which Mastodon.py ends.
const (
	// Hello is the beginning of every stream.
	Hello = ":)\n"
	// Thump keeps a quiet stream open.
	Thump = ":thump\n"
)

// Event is one server-sent event:
//
//	event: update
//	data: {"id":…}
//	id: BQ3f…
//
// and an empty line. The id is left out if it is empty. The form is as narrow as the narrowest
// reader: Mastodon.py splits lines at "\n" and fields at ": ", ends on an event that lacks name or
// data, and on data that is no JSON; go-mastodon takes each line of data for an event of its
// own. So the name comes first, data is one line wherever that can be, and an event without
// payload, or with an empty one, has the data null.
//
// No payload breaks the framing. In JSON a line break can only stand between tokens, and is left
// out. Any other text has a line of data for each of its lines, which a reader joins again. Bytes
// that are no UTF-8, and NUL, become U+FFFD.
func Event(event string, payload []byte, id string) []byte {
	b := make([]byte, 0, len(event)+len(payload)+len(id)+32)
	b = append(append(b, "event: "...), oneLine(event)...)
	b = appendData(append(b, '\n'), payload)
	if id != "" {
		b = append(append(append(b, "id: "...), oneLine(id)...), '\n')
	}
	return append(b, '\n')
}

// Retry is the field that says how long a browser waits before it comes back. It belongs
// directly before an event: on its own it would be an event without name and data.
func Retry(after time.Duration) []byte {
	b := strconv.AppendInt([]byte("retry: "), after.Milliseconds(), 10)
	return append(b, '\n')
}

func appendData(b, payload []byte) []byte {
	if len(payload) == 0 {
		payload = []byte("null")
	}
	payload = plain(payload)
	if bytes.ContainsAny(payload, "\r\n") && json.Valid(payload) {
		payload = bytes.Map(unlessBreak, payload)
	}
	for {
		line, rest, more := cutLine(payload)
		b = append(append(append(b, "data: "...), line...), '\n')
		if !more {
			return b
		}
		payload = rest
	}
}

// plain is the text as it can stand in a stream.
func plain(text []byte) []byte {
	if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
		return text
	}
	replaced := strings.Map(func(r rune) rune {
		if r == 0 {
			return utf8.RuneError
		}
		return r
	}, string(text))
	return []byte(replaced)
}

func unlessBreak(r rune) rune {
	if r == '\r' || r == '\n' {
		return -1
	}
	return r
}

// cutLine cuts the text at its first line break: "\n", "\r" or both.
func cutLine(text []byte) (line, rest []byte, more bool) {
	i := bytes.IndexAny(text, "\r\n")
	if i < 0 {
		return text, nil, false
	}
	width := 1
	if bytes.HasPrefix(text[i:], []byte("\r\n")) {
		width = 2
	}
	return text[:i], text[i+width:], true
}

// oneLine is the text without control characters.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, unicode.IsControl) && utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

package viewer

import (
	"bytes"
	"encoding/json"
)

// Attach returns the payload with filtered, which is JSON, as the value of its member "filtered":
// instead of the one that is there (of each, if it is repeated), or else as the last member. No
// other byte is changed. A payload that is no JSON object is returned as it is.
func Attach(payload, filtered []byte) []byte {
	if !json.Valid(payload) {
		return payload
	}
	s := scanner{in: payload}
	if s.space(); s.in[s.at] != '{' {
		return payload
	}
	out := make([]byte, 0, len(payload)+len(filtered)+len(`,"filtered":`))
	written, attached, empty := 0, false, true
	s.members(func(name []byte, from, to int) {
		empty = false
		if isFiltered(name) {
			out = append(append(out, payload[written:from]...), filtered...)
			written, attached = to, true
		}
	})
	if !attached {
		out = append(out, payload[written:s.at]...)
		if !empty {
			out = append(out, ',')
		}
		out = append(append(out, `"filtered":`...), filtered...)
		written = s.at
	}
	return append(out, payload[written:]...)
}

// isFiltered takes a name with its quotes.
func isFiltered(name []byte) bool {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name) == `"filtered"`
	}
	var plain string
	return json.Unmarshal(name, &plain) == nil && plain == "filtered"
}

// scanner finds places in a text that is known to be JSON.
type scanner struct {
	in []byte
	at int
}

// members calls each with every member of the object at which the scanner is: its name, and where
// its value begins and ends. It leaves the scanner behind the last one.
func (s *scanner) members(each func(name []byte, from, to int)) {
	s.at++ // {
	for end := s.at; ; end = s.at {
		if s.space(); s.in[s.at] == ',' {
			s.at++
			s.space()
		}
		if s.in[s.at] == '}' {
			s.at = end
			return
		}
		name := s.at
		s.text()
		nameEnd := s.at
		s.space()
		s.at++ // :
		s.space()
		from := s.at
		s.value()
		each(s.in[name:nameEnd], from, s.at)
	}
}

func (s *scanner) space() {
	for s.at < len(s.in) && (s.in[s.at] == ' ' || s.in[s.at] == '\t' || s.in[s.at] == '\n' || s.in[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) value() {
	for depth := 0; ; {
		switch s.in[s.at] {
		case '"':
			s.text()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			s.at++
		default:
			s.word()
		}
		if depth == 0 {
			return
		}
	}
}

// text passes over a string.
func (s *scanner) text() {
	for s.at++; s.in[s.at] != '"'; s.at++ {
		if s.in[s.at] == '\\' {
			s.at++ // what is escaped
		}
	}
	s.at++
}

// word passes over a number, true, false or null.
func (s *scanner) word() {
	for s.at < len(s.in) && bytes.IndexByte([]byte(",:{}[]\" \t\r\n"), s.in[s.at]) < 0 {
		s.at++
	}
}

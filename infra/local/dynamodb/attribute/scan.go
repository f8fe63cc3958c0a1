package attribute

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// SyntaxError says that JSON is malformed, or has another shape than the API
// asks for. DynamoDB answers it with a SerializationException.
type SyntaxError string

// Error is the message that DynamoDB answers with.
func (e SyntaxError) Error() string { return string(e) }

// The shapes that are refused, in the words that DynamoDB uses.
const (
	errMalformed  = SyntaxError("Unexpected end of JSON or unexpected token")
	errStructure  = SyntaxError("Start of structure or map found where not expected.")
	errCollection = SyntaxError("Start of list found where not expected")
)

// scanner walks over JSON text. It exists because attribute values are the bulk
// of every request: one pass without reflection is several times faster than
// encoding/json on this shape.
type scanner struct {
	data []byte
	pos  int
}

// next skips white space and returns the byte that follows, or 0 at the end.
func (s *scanner) next() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// accept steps over c if it comes next.
func (s *scanner) accept(c byte) bool {
	if s.next() != c {
		return false
	}
	s.pos++
	return true
}

// members calls visit for each name of an object; visit must consume the value.
func (s *scanner) members(visit func(name string) error) error {
	if !s.accept('{') {
		return s.mismatch("Map")
	}
	if s.accept('}') {
		return nil
	}
	for {
		name, err := s.text()
		if err != nil {
			return err
		}
		if !s.accept(':') {
			return errMalformed
		}
		if err := visit(name); err != nil {
			return err
		}
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return errMalformed
		}
	}
}

// elements calls visit for each element of an array; visit must consume it.
func (s *scanner) elements(visit func() error) error {
	if !s.accept('[') {
		return s.mismatch("List")
	}
	if s.accept(']') {
		return nil
	}
	for {
		if err := visit(); err != nil {
			return err
		}
		if s.accept(']') {
			return nil
		}
		if !s.accept(',') {
			return errMalformed
		}
	}
}

// text reads a string.
func (s *scanner) text() (string, error) {
	if s.next() != '"' {
		return "", s.mismatch("String")
	}
	start := s.pos
	raw := s.data[start+1:]
	if end := bytes.IndexByte(raw, '"'); end >= 0 && plain(raw[:end]) {
		s.pos = start + end + 2
		return string(raw[:end]), nil
	}
	if err := s.skipString(); err != nil {
		return "", err
	}
	var text string
	if json.Unmarshal(s.data[start:s.pos], &text) != nil {
		return "", errMalformed
	}
	return text, nil
}

// plain reports whether the inside of a string stands for itself.
func plain(raw []byte) bool {
	ascii := true
	for _, c := range raw {
		if c == '\\' || c < ' ' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(raw)
}

func (s *scanner) skipString() error {
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch s.data[s.pos] {
		case '\\':
			s.pos++
		case '"':
			s.pos++
			return nil
		}
	}
	return errMalformed
}

// word reads a bare token: true, false, null or a number.
func (s *scanner) word() string {
	s.next()
	start := s.pos
	for s.pos < len(s.data) && bytes.IndexByte([]byte(" \t\r\n,:]}[{\""), s.data[s.pos]) < 0 {
		s.pos++
	}
	return string(s.data[start:s.pos])
}

// skipNull steps over a null, which in a request means the same as absence.
func (s *scanner) skipNull() bool {
	if s.next() == 'n' && bytes.HasPrefix(s.data[s.pos:], []byte("null")) {
		s.pos += len("null")
		return true
	}
	return false
}

// skip steps over any one value.
func (s *scanner) skip() error {
	depth := 0
	for {
		switch s.next() {
		case 0:
			return errMalformed
		case '"':
			if err := s.skipString(); err != nil {
				return err
			}
		case '{', '[':
			depth++
			s.pos++
			continue
		case '}', ']':
			depth--
			s.pos++
		case ',', ':':
			s.pos++
			continue
		default:
			s.word()
		}
		if depth <= 0 {
			return nil
		}
	}
}

// mismatch names what stands where a value of another shape was expected.
func (s *scanner) mismatch(want string) error {
	switch c := s.next(); {
	case c == 0:
		return errMalformed
	case c == '{':
		return errStructure
	case c == '[':
		return errCollection
	case c == '"':
		return SyntaxError("STRING_VALUE cannot be converted to " + want)
	case c == 't':
		return SyntaxError("TRUE_VALUE cannot be converted to " + want)
	case c == 'f':
		return SyntaxError("FALSE_VALUE cannot be converted to " + want)
	case c == '-' || c >= '0' && c <= '9':
		return SyntaxError("NUMBER_VALUE cannot be converted to " + want)
	}
	return errMalformed
}

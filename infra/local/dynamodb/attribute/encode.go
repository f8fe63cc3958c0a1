package attribute

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"
)

// AppendJSON writes the item as the API does, attribute names sorted so that
// the same item always reads the same.
func (it Item) AppendJSON(b []byte) []byte {
	var room [24]string
	names := room[:0]
	for name := range it {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, name)
		b = append(b, ':')
		b = it[name].AppendJSON(b)
	}
	return append(b, '}')
}

// AppendJSON writes the value as {"S":"text"} and so on.
func (v Value) AppendJSON(b []byte) []byte {
	b = append(b, `{"`...)
	b = append(b, v.Kind.String()...)
	b = append(b, `":`...)
	switch v.Kind {
	case M:
		b = v.Map.AppendJSON(b)
	case L:
		b = appendList(b, v.List, Value.AppendJSON)
	case SS, NS, BS:
		b = appendList(b, v.List, Value.appendScalar)
	default:
		b = v.appendScalar(b)
	}
	return append(b, '}')
}

func appendList(b []byte, vs []Value, write func(Value, []byte) []byte) []byte {
	b = append(b, '[')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = write(v, b)
	}
	return append(b, ']')
}

func (v Value) appendScalar(b []byte) []byte {
	switch v.Kind {
	case S:
		return AppendString(b, v.Text)
	case N:
		b = append(b, '"')
		b = v.Num.append(b)
		return append(b, '"')
	case B:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(v.Text))
		return append(b, '"')
	case BOOL:
		if v.Bool {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	}
	return append(b, "true"...) // NULL
}

const hexDigits = "0123456789abcdef"

// AppendString writes s as a JSON string.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		b = appendEscape(append(b, s[start:i]...), c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// MarshalJSON writes the item; see AppendJSON.
func (it Item) MarshalJSON() ([]byte, error) { return it.AppendJSON(nil), nil }

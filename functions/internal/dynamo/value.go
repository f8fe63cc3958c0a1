package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the type of an attribute value, by the name that DynamoDB's JSON has for it.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
type kind string

const (
	isString    kind = "S"
	isNumber    kind = "N"
	isBinary    kind = "B"
	isBool      kind = "BOOL"
	isNull      kind = "NULL"
	isMap       kind = "M"
	isList      kind = "L"
	isStringSet kind = "SS"
	isNumberSet kind = "NS"
	isBinarySet kind = "BS"
)

// value is one attribute value. The zero value is an absent attribute.
type value struct {
	kind kind
	// text of S, N (a JSON number) and B (base64).
	text string
	flag bool
	// list is the elements of L and of the sets.
	list   []value
	fields item
}

// item is an item's attributes, or a map's members, in the order in which they came. DynamoDB
// repeats no name.
type item []field

type field struct {
	name string
	value
}

func text(s string) value  { return value{kind: isString, text: s} }
func number(n int64) value { return value{kind: isNumber, text: strconv.FormatInt(n, 10)} }
func flag(b bool) value    { return value{kind: isBool, flag: b} }
func mapOf(i item) value   { return value{kind: isMap, fields: i} }

// get is the attribute's value; the zero value if there is none.
func (i item) get(name string) value {
	for _, f := range i {
		if f.name == name {
			return f.value
		}
	}
	return value{}
}

// given reports whether there is a value other than NULL, which many SDKs write for "none".
func (v value) given() bool { return v.kind != "" && v.kind != isNull }

// int is the value as a whole number; false if it is none, or has a fraction, or is too large.
func (v value) int() (int64, bool) {
	if v.kind != isNumber {
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil { // DynamoDB may write 1E+3
		f, err := strconv.ParseFloat(v.text, 64)
		n = int64(f)
		return n, err == nil && float64(n) == f && f < 1<<53 && f > -1<<53
	}
	return n, true
}

// texts is the elements of a list or set of ids: texts or numbers.
func (v value) texts() ([]string, error) {
	switch v.kind {
	case isList, isStringSet, isNumberSet:
	default:
		return nil, fmt.Errorf("is %s, not L, SS or NS", v.kind)
	}
	out := make([]string, len(v.list))
	for i, e := range v.list {
		if e.kind != isString && e.kind != isNumber {
			return nil, fmt.Errorf("has an element of type %s, not S or N", e.kind)
		}
		out[i] = e.text
	}
	return out, nil
}

// MarshalJSON writes the value as DynamoDB's JSON.
func (v value) MarshalJSON() ([]byte, error) { return v.appendTyped(nil), nil }

// MarshalJSON writes the attributes as DynamoDB's JSON.
func (i item) MarshalJSON() ([]byte, error) { return i.appendTyped(nil), nil }

func (i item) appendTyped(b []byte) []byte {
	b = append(b, '{')
	for n, f := range i {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.name), ':')
		b = f.value.appendTyped(b)
	}
	return append(b, '}')
}

func (v value) appendTyped(b []byte) []byte {
	b = append(append(append(b, `{"`...), v.kind...), `":`...)
	switch v.kind {
	case isBool, isNull:
		b = strconv.AppendBool(b, v.flag || v.kind == isNull)
	case isMap:
		b = v.fields.appendTyped(b)
	case isList:
		b = appendList(b, v.list, value.appendTyped)
	case isStringSet, isNumberSet, isBinarySet:
		b = appendList(b, v.list, func(e value, b []byte) []byte { return appendString(b, e.text) })
	default:
		b = appendString(b, v.text)
	}
	return append(b, '}')
}

// appendPlain writes the value as the JSON that it stands for: sets are arrays, the names of a map
// are sorted, numbers are as DynamoDB wrote them, and nothing is escaped that need not be.
func (v value) appendPlain(b []byte) []byte {
	switch v.kind {
	case isNull:
		return append(b, "null"...)
	case isBool:
		return strconv.AppendBool(b, v.flag)
	case isNumber:
		return append(b, v.text...)
	case isMap:
		return v.fields.appendPlain(b)
	case isList, isStringSet, isNumberSet, isBinarySet:
		return appendList(b, v.list, value.appendPlain)
	}
	return appendString(b, v.text)
}

func (i item) appendPlain(b []byte) []byte {
	sorted := slices.Clone(i)
	slices.SortFunc(sorted, func(x, y field) int { return strings.Compare(x.name, y.name) })
	b = append(b, '{')
	for n, f := range sorted {
		if n > 0 {
			b = append(b, ',')
		}
		b = f.value.appendPlain(append(appendString(b, f.name), ':'))
	}
	return append(b, '}')
}

func appendList(b []byte, list []value, element func(value, []byte) []byte) []byte {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = element(e, b)
	}
	return append(b, ']')
}

// appendString writes a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(append(b, s[from:i]...), '\\', byte(r))
		case r < ' ':
			b = append(append(b, s[from:i]...), escapeControl(r)...)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b = append(append(b, s[from:i]...), "\uFFFD"...)
		default:
			continue
		}
		from = i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			from = i + 1
		}
	}
	return append(append(b, s[from:]...), '"')
}

func escapeControl(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return fmt.Sprintf(`\u%04x`, r)
}

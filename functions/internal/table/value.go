package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is the type of an attribute value, by the name that DynamoDB's JSON has for it.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
type Kind string

// The types.
const (
	IsString    Kind = "S"
	IsNumber    Kind = "N"
	IsBinary    Kind = "B"
	IsBool      Kind = "BOOL"
	IsNull      Kind = "NULL"
	IsMap       Kind = "M"
	IsList      Kind = "L"
	IsStringSet Kind = "SS"
	IsNumberSet Kind = "NS"
	IsBinarySet Kind = "BS"
)

// Value is one attribute value. The zero value is an absent attribute.
type Value struct {
	Kind Kind
	// Text of S, N (a JSON number) and B (base64).
	Text string
	Flag bool
	// List is the elements of L and of the sets.
	List   []Value
	Fields Item
}

// Item is an item's attributes, or a map's members, in the order in which they came. DynamoDB
// repeats no name.
type Item []Field

// Field is one attribute. It has no type of its own, so that rows can be written as literals
// without its names.
type Field = struct {
	Name string
	Value
}

// Text is a value of the type S.
func Text(s string) Value { return Value{Kind: IsString, Text: s} }

// Number is a value of the type N.
func Number(n int64) Value { return Value{Kind: IsNumber, Text: strconv.FormatInt(n, 10)} }

// Flag is a value of the type BOOL.
func Flag(b bool) Value { return Value{Kind: IsBool, Flag: b} }

// Map is a value of the type M.
func Map(i Item) Value { return Value{Kind: IsMap, Fields: i} }

// Texts is a list of texts.
func Texts(texts []string) Value {
	v := Value{Kind: IsList}
	for _, s := range texts {
		v.List = append(v.List, Text(s))
	}
	return v
}

// Get is the attribute's value; the zero value if there is none.
func (i Item) Get(name string) Value {
	for _, f := range i {
		if f.Name == name {
			return f.Value
		}
	}
	return Value{}
}

// Given reports whether there is a value other than NULL, which many SDKs write for "none".
func (v Value) Given() bool { return v.Kind != "" && v.Kind != IsNull }

// Int is the value as a whole number; false if it is none, or has a fraction, or is too large.
func (v Value) Int() (int64, bool) {
	if v.Kind != IsNumber {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil { // DynamoDB may write 1E+3
		f, err := strconv.ParseFloat(v.Text, 64)
		n = int64(f)
		return n, err == nil && float64(n) == f && f < 1<<53 && f > -1<<53
	}
	return n, true
}

// IDs is the elements of a list or set of ids: texts or numbers.
func (v Value) IDs() ([]string, error) {
	switch v.Kind {
	case IsList, IsStringSet, IsNumberSet:
	default:
		return nil, fmt.Errorf("is %s, not L, SS or NS", v.Kind)
	}
	out := make([]string, len(v.List))
	for i, e := range v.List {
		if e.Kind != IsString && e.Kind != IsNumber {
			return nil, fmt.Errorf("has an element of type %s, not S or N", e.Kind)
		}
		out[i] = e.Text
	}
	return out, nil
}

// MarshalJSON writes the value as DynamoDB's JSON.
func (v Value) MarshalJSON() ([]byte, error) { return v.appendTyped(nil), nil }

// MarshalJSON writes the attributes as DynamoDB's JSON.
func (i Item) MarshalJSON() ([]byte, error) { return i.appendTyped(nil), nil }

func (i Item) appendTyped(b []byte) []byte {
	b = append(b, '{')
	for n, f := range i {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.Name), ':')
		b = f.Value.appendTyped(b)
	}
	return append(b, '}')
}

func (v Value) appendTyped(b []byte) []byte {
	b = append(append(append(b, `{"`...), v.Kind...), `":`...)
	switch v.Kind {
	case IsBool, IsNull:
		b = strconv.AppendBool(b, v.Flag || v.Kind == IsNull)
	case IsMap:
		b = v.Fields.appendTyped(b)
	case IsList:
		b = appendList(b, v.List, Value.appendTyped)
	case IsStringSet, IsNumberSet, IsBinarySet:
		b = appendList(b, v.List, func(e Value, b []byte) []byte { return appendString(b, e.Text) })
	default:
		b = appendString(b, v.Text)
	}
	return append(b, '}')
}

// AppendPlain writes the value as the JSON that it stands for: sets are arrays, the names of a map
// are sorted, numbers are as DynamoDB wrote them, and nothing is escaped that need not be.
func (v Value) AppendPlain(b []byte) []byte {
	switch v.Kind {
	case IsNull:
		return append(b, "null"...)
	case IsBool:
		return strconv.AppendBool(b, v.Flag)
	case IsNumber:
		return append(b, v.Text...)
	case IsMap:
		return v.Fields.AppendPlain(b)
	case IsList, IsStringSet, IsNumberSet, IsBinarySet:
		return appendList(b, v.List, Value.AppendPlain)
	}
	return appendString(b, v.Text)
}

// AppendPlain writes the attributes as the JSON object that they stand for, sorted by their names.
func (i Item) AppendPlain(b []byte) []byte {
	sorted := slices.Clone(i)
	slices.SortFunc(sorted, func(x, y Field) int { return strings.Compare(x.Name, y.Name) })
	b = append(b, '{')
	for n, f := range sorted {
		if n > 0 {
			b = append(b, ',')
		}
		b = f.Value.AppendPlain(append(appendString(b, f.Name), ':'))
	}
	return append(b, '}')
}

func appendList(b []byte, list []Value, element func(Value, []byte) []byte) []byte {
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

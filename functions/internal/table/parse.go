package table

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth is well over the 32 levels that DynamoDB allows, each of which is three levels of its
// JSON: a document that is deeper is hostile.
const maxDepth = 128

// Parser reads DynamoDB's JSON in one pass. Its texts are parts of its input and cost no copy.
// encoding/json would read each level of a nested value again, and answers of a megabyte are
// common here. After the first error it reads nothing more.
type Parser struct {
	in    string
	at    int
	depth int
	err   error
}

// NewParser reads the text.
func NewParser(in string) *Parser { return &Parser{in: in} }

// ParseItem reads attributes: {"name": {"S": "text"}, …}.
func ParseItem(in string) (Item, error) {
	p := NewParser(in)
	i := p.Item()
	return i, p.End()
}

// End is the error that reading has met, which may be that there is text left.
func (p *Parser) End() error {
	if p.Space(); p.err == nil && p.at != len(p.in) {
		p.Fail("text after the end")
	}
	return p.err
}

// Fail has reading end, because something is not what it should be.
func (p *Parser) Fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("malformed DynamoDB JSON: %s at byte %d", what, p.at)
		p.at = len(p.in)
	}
}

// Space skips what there is of spaces.
func (p *Parser) Space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\t' || p.in[p.at] == '\n' || p.in[p.at] == '\r') {
		p.at++
	}
}

// Peek is the next byte that is no space; 0 at the end.
func (p *Parser) Peek() byte {
	p.Space()
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

func (p *Parser) take(c byte) bool {
	if p.Peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *Parser) want(c byte) {
	if !p.take(c) {
		p.Fail(fmt.Sprintf("no %q", c))
	}
}

// Object calls member for each member, which must read its value.
func (p *Parser) Object(member func(name string)) {
	p.sequence('{', '}', func() {
		name := p.Text()
		p.want(':')
		member(name)
	})
}

// Array calls element for each element, which must read it.
func (p *Parser) Array(element func()) { p.sequence('[', ']', element) }

func (p *Parser) sequence(first, last byte, each func()) {
	p.want(first)
	if p.depth++; p.depth > maxDepth {
		p.Fail("too deep")
	}
	for more := !p.take(last); more && p.err == nil; more = p.err == nil && !p.take(last) {
		each()
		if p.Peek() != last {
			p.want(',')
			if p.Peek() == last {
				p.Fail("a comma too many")
			}
		}
	}
	p.depth--
}

// Item reads attributes.
func (p *Parser) Item() (i Item) {
	p.Object(func(name string) {
		i = append(i, Field{name, p.Value()})
	})
	return i
}

// Value reads one attribute value: {"S": "text"}.
func (p *Parser) Value() (v Value) {
	members := 0
	p.Object(func(name string) {
		members++
		v = p.typed(Kind(name))
	})
	if members != 1 {
		p.Fail("not one type")
	}
	return v
}

func (p *Parser) typed(k Kind) Value {
	v := Value{Kind: k}
	switch k {
	case IsString, IsBinary:
		v.Text = p.Text()
	case IsNumber:
		v.Text = p.Number()
	case IsBool, IsNull:
		v.Flag = p.bool()
	case IsMap:
		v.Fields = p.Item()
	case IsList:
		p.Array(func() { v.List = append(v.List, p.Value()) })
	case IsStringSet, IsBinarySet:
		p.Array(func() { v.List = append(v.List, Value{Kind: IsString, Text: p.Text()}) })
	case IsNumberSet:
		p.Array(func() { v.List = append(v.List, Value{Kind: IsNumber, Text: p.Number()}) })
	default:
		p.Fail("unknown type")
	}
	return v
}

// Number reads a number, which DynamoDB writes as a text, and returns that text: it may have 38 digits.
func (p *Parser) Number() string {
	s := p.Text()
	if !json.Valid([]byte(s)) || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		p.Fail("not a number")
		return ""
	}
	return s
}

func (p *Parser) bool() bool {
	p.Space()
	for _, word := range []string{"true", "false"} {
		if strings.HasPrefix(p.in[p.at:], word) {
			p.at += len(word)
			return word == "true"
		}
	}
	p.Fail("not true or false")
	return false
}

// Text reads a string.
func (p *Parser) Text() string {
	p.want('"')
	from := p.at
	escaped := false
	for p.at < len(p.in) {
		switch c := p.in[p.at]; {
		case c == '"':
			raw := p.in[from:p.at]
			p.at++
			return p.unescape(raw, escaped)
		case c == '\\':
			escaped = true
			p.at++
		case c < ' ':
			p.Fail("a control character")
			return ""
		}
		p.at++
	}
	p.Fail("no end of a string")
	return ""
}

// Skip reads any JSON value and forgets it.
func (p *Parser) Skip() {
	switch p.Peek() {
	case '{':
		p.Object(func(string) { p.Skip() })
	case '[':
		p.Array(p.Skip)
	case '"':
		p.Text()
	default:
		p.Bare()
	}
}

// Bare is a number, true, false or null, as it is written.
func (p *Parser) Bare() string {
	from := p.at
	for p.at < len(p.in) && !strings.ContainsRune(" \t\r\n,]}", rune(p.in[p.at])) {
		p.at++
	}
	if !json.Valid([]byte(p.in[from:p.at])) {
		p.Fail("not a JSON value")
	}
	return p.in[from:p.at]
}

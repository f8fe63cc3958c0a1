package dynamo

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth is well over the 32 levels that DynamoDB allows, each of which is three levels of its
// JSON: a document that is deeper is hostile.
const maxDepth = 128

// parser reads DynamoDB's JSON in one pass. Its texts are parts of its input and cost no copy.
// encoding/json would read each level of a nested value again, and answers of a megabyte are
// common here. After the first error it reads nothing more.
type parser struct {
	in    string
	at    int
	depth int
	err   error
}

// parseItem reads attributes: {"name": {"S": "text"}, …}.
func parseItem(in string) (item, error) {
	p := parser{in: in}
	i := p.item()
	return i, p.end()
}

func (p *parser) end() error {
	if p.space(); p.err == nil && p.at != len(p.in) {
		p.fail("text after the end")
	}
	return p.err
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("malformed DynamoDB JSON: %s at byte %d", what, p.at)
		p.at = len(p.in)
	}
}

func (p *parser) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\t' || p.in[p.at] == '\n' || p.in[p.at] == '\r') {
		p.at++
	}
}

// peek is the next byte that is no space; 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) want(c byte) {
	if !p.take(c) {
		p.fail(fmt.Sprintf("no %q", c))
	}
}

// object calls member for each member, which must read its value.
func (p *parser) object(member func(name string)) {
	p.sequence('{', '}', func() {
		name := p.string()
		p.want(':')
		member(name)
	})
}

// array calls element for each element, which must read it.
func (p *parser) array(element func()) { p.sequence('[', ']', element) }

func (p *parser) sequence(first, last byte, each func()) {
	p.want(first)
	if p.depth++; p.depth > maxDepth {
		p.fail("too deep")
	}
	for more := !p.take(last); more && p.err == nil; more = p.err == nil && !p.take(last) {
		each()
		if p.peek() != last {
			p.want(',')
			if p.peek() == last {
				p.fail("a comma too many")
			}
		}
	}
	p.depth--
}

func (p *parser) item() (i item) {
	p.object(func(name string) {
		i = append(i, field{name, p.value()})
	})
	return i
}

// value reads one attribute value: {"S": "text"}.
func (p *parser) value() (v value) {
	members := 0
	p.object(func(name string) {
		members++
		v = p.typed(kind(name))
	})
	if members != 1 {
		p.fail("not one type")
	}
	return v
}

func (p *parser) typed(k kind) value {
	v := value{kind: k}
	switch k {
	case isString, isBinary:
		v.text = p.string()
	case isNumber:
		v.text = p.number()
	case isBool, isNull:
		v.flag = p.bool()
	case isMap:
		v.fields = p.item()
	case isList:
		p.array(func() { v.list = append(v.list, p.value()) })
	case isStringSet, isBinarySet:
		p.array(func() { v.list = append(v.list, value{kind: isString, text: p.string()}) })
	case isNumberSet:
		p.array(func() { v.list = append(v.list, value{kind: isNumber, text: p.number()}) })
	default:
		p.fail("unknown type")
	}
	return v
}

func (p *parser) number() string {
	s := p.string()
	if !json.Valid([]byte(s)) || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		p.fail("not a number")
		return ""
	}
	return s
}

func (p *parser) bool() bool {
	p.space()
	for _, word := range []string{"true", "false"} {
		if strings.HasPrefix(p.in[p.at:], word) {
			p.at += len(word)
			return word == "true"
		}
	}
	p.fail("not true or false")
	return false
}

func (p *parser) string() string {
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
			p.fail("a control character")
			return ""
		}
		p.at++
	}
	p.fail("no end of a string")
	return ""
}

// skip reads any JSON value and forgets it.
func (p *parser) skip() {
	switch p.peek() {
	case '{':
		p.object(func(string) { p.skip() })
	case '[':
		p.array(p.skip)
	case '"':
		p.string()
	default:
		p.bare()
	}
}

// bare is a number, true, false or null, as it is written.
func (p *parser) bare() string {
	from := p.at
	for p.at < len(p.in) && !strings.ContainsRune(" \t\r\n,]}", rune(p.in[p.at])) {
		p.at++
	}
	if !json.Valid([]byte(p.in[from:p.at])) {
		p.fail("not a JSON value")
	}
	return p.in[from:p.at]
}

package expression

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// nodeKind tells what a node of the syntax tree is.
type nodeKind uint8

const (
	pathNode    nodeKind = iota // an attribute, perhaps nested
	valueNode                   // a :placeholder, later the value
	callNode                    // name(arguments); a condition or an operand
	sumNode                     // a + b, a - b
	compareNode                 // a = b and the like, BETWEEN, IN
	logicNode                   // AND, OR, NOT
)

// node is one node of the syntax tree. Placeholders are filled in by resolve.
type node struct {
	kind   nodeKind
	op     string // operator, function or :placeholder
	path   Path
	steps  []token // of a path, before resolve
	args   []*node
	value  attribute.Value
	parens int // how many pairs of parentheses it stood in
}

// parser holds the first stage: text to tree, or the syntax error.
type parser struct {
	clause Clause
	text   string
	tokens []token
	pos    int
}

func newParser(clause Clause, text string) (*parser, error) {
	if text == "" {
		return nil, clause.errorf("The expression can not be empty;")
	}
	if len(text) > maxLength {
		return nil, clause.errorf("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	return &parser{clause: clause, text: text, tokens: tokens(text)}, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != endToken {
		p.pos++
	}
	return t
}

// accept takes the next token if it is the keyword or sign.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(text string) error {
	if p.accept(text) {
		return nil
	}
	return p.syntaxError()
}

// end checks that nothing is left.
func (p *parser) end() error {
	if p.peek().kind == endToken {
		return nil
	}
	return p.syntaxError()
}

// syntaxError blames the next token, and shows it with its neighbours.
func (p *parser) syntaxError() error {
	t := p.peek()
	from, to := t.start, t.end
	if p.pos > 0 {
		from = p.tokens[p.pos-1].start
	}
	if p.pos+1 < len(p.tokens) {
		to = p.tokens[p.pos+1].end
	}
	near := p.text[from:to]
	if p.pos > 0 {
		near = strings.TrimRight(near, " \t\r\n")
	} else if t.kind == endToken {
		near = p.text
	}
	return p.clause.errorf("Syntax error; token: %q, near: %q", t.text, near)
}

// path reads name(.name | [index])*.
func (p *parser) path() (*node, error) {
	n := &node{kind: pathNode}
	if err := p.pathName(n); err != nil {
		return nil, err
	}
	for {
		switch {
		case p.accept("."):
			if err := p.pathName(n); err != nil {
				return nil, err
			}
		case p.accept("["):
			if p.peek().kind != digitToken {
				return nil, p.syntaxError()
			}
			n.steps = append(n.steps, p.take())
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		default:
			return n, nil
		}
	}
}

func (p *parser) pathName(n *node) error {
	if k := p.peek().kind; k != wordToken && k != nameToken {
		return p.syntaxError()
	}
	n.steps = append(n.steps, p.take())
	return nil
}

// paths reads path (, path)*.
func (p *parser) paths() ([]*node, error) {
	var list []*node
	for {
		n, err := p.path()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if !p.accept(",") {
			return list, nil
		}
	}
}

// operand reads a path, a :value or a call.
func (p *parser) operand() (*node, error) {
	switch t := p.peek(); {
	case t.kind == valueToken:
		p.pos++
		return &node{kind: valueNode, op: t.text}, nil
	case t.kind == wordToken && p.tokens[p.pos+1].is("("):
		p.pos += 2
		args, err := p.arguments()
		return &node{kind: callNode, op: t.text, args: args}, err
	}
	return p.path()
}

// arguments reads operand (, operand)* ) after the opening parenthesis.
func (p *parser) arguments() ([]*node, error) {
	var args []*node
	for {
		arg, err := p.operand()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if !p.accept(",") {
			return args, p.expect(")")
		}
	}
}

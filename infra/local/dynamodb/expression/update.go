package expression

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// Update is an update expression that is ready to be applied to items.
type Update struct {
	sets    []action
	removes []Path
	adds    []action
	deletes []action
	paths   []Path
}

// action sets, adds to or deletes from what lies at a path.
type action struct {
	path  Path
	value *node
}

// ParseUpdate reads an UpdateExpression. Errors are of type Error.
func ParseUpdate(text string, subs *Substitutions) (*Update, error) {
	p, err := newParser(UpdateClause, text)
	if err != nil {
		return nil, err
	}
	clauses, err := p.updateClauses()
	if err != nil {
		return nil, err
	}
	u := &Update{}
	for _, c := range clauses {
		if err := u.add(c, subs); err != nil {
			return nil, err
		}
	}
	return u, checkOverlap(UpdateClause, u.paths)
}

// Paths returns the paths that the expression writes, in the order of the text.
func (u *Update) Paths() []Path { return u.paths }

// updateClause is one entry of a section before placeholders are filled in.
type updateClause struct {
	section     string
	path, value *node
}

func (p *parser) updateClauses() ([]updateClause, error) {
	var clauses []updateClause
	seen := map[string]bool{}
	for {
		section := strings.ToUpper(p.peek().text)
		read := p.sectionReader(section)
		if read == nil || p.peek().kind != wordToken {
			return nil, p.syntaxError()
		}
		if seen[section] {
			return nil, UpdateClause.errorf("The %q section can only be used once in an update expression;", section)
		}
		seen[section] = true
		p.pos++
		entries, err := p.section(section, read)
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, entries...)
		if p.peek().kind == endToken {
			return clauses, nil
		}
	}
}

// sectionReader returns what reads the part of an entry that follows its path.
func (p *parser) sectionReader(section string) func() (*node, error) {
	switch section {
	case "SET":
		return p.assigned
	case "REMOVE":
		return func() (*node, error) { return nil, nil }
	case "ADD", "DELETE":
		return p.literal
	}
	return nil
}

func (p *parser) section(name string, read func() (*node, error)) ([]updateClause, error) {
	var entries []updateClause
	for {
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		value, err := read()
		if err != nil {
			return nil, err
		}
		entries = append(entries, updateClause{name, path, value})
		if !p.accept(",") {
			return entries, nil
		}
	}
}

func (p *parser) literal() (*node, error) {
	if p.peek().kind != valueToken {
		return nil, p.syntaxError()
	}
	return p.operand()
}

// assigned reads = operand, = operand + operand or = operand - operand.
func (p *parser) assigned() (*node, error) {
	if err := p.expect("="); err != nil {
		return nil, err
	}
	return p.sum()
}

func (p *parser) sum() (*node, error) {
	left, err := p.term()
	if err != nil || left.kind == sumNode {
		return left, err
	}
	op := p.peek().text
	if !p.accept("+") && !p.accept("-") {
		return left, nil
	}
	right, err := p.term()
	return &node{kind: sumNode, op: op, args: []*node{left, right}}, err
}

// term reads an operand, or a sum in parentheses.
func (p *parser) term() (*node, error) {
	if !p.accept("(") {
		return p.operand()
	}
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	n.parens++
	return n, p.expect(")")
}

func (u *Update) add(c updateClause, subs *Substitutions) error {
	if err := c.path.resolve(UpdateClause, subs); err != nil {
		return err
	}
	path := c.path.path
	u.paths = append(u.paths, path)
	if c.value != nil {
		if err := c.value.resolve(UpdateClause, subs); err != nil {
			return err
		}
	}
	switch c.section {
	case "SET":
		u.sets = append(u.sets, action{path, c.value})
		return c.value.checkAssigned()
	case "REMOVE":
		u.removes = append(u.removes, path)
	case "ADD":
		u.adds = append(u.adds, action{path, c.value})
		return c.value.checkSection("ADD", c.value.value.Kind == attribute.N)
	case "DELETE":
		u.deletes = append(u.deletes, action{path, c.value})
		return c.value.checkSection("DELETE", false)
	}
	return nil
}

// longNames are what messages about ADD and DELETE call the kinds.
var longNames = map[attribute.Kind]string{
	attribute.S: "STRING", attribute.N: "NUMBER", attribute.B: "BINARY", attribute.BOOL: "BOOLEAN",
	attribute.NULL: "NULL", attribute.M: "MAP", attribute.L: "LIST",
}

// checkSection checks the operand of ADD or DELETE: a set, or what else is allowed.
func (n *node) checkSection(section string, allowed bool) error {
	if allowed || n.value.Kind.IsSet() {
		return nil
	}
	return UpdateClause.errorf("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
		section, longNames[n.value.Kind], section)
}

// checkAssigned checks the right side of SET.
func (n *node) checkAssigned() error {
	if n.parens > 1 {
		return UpdateClause.errorf("The expression has redundant parentheses;")
	}
	if n.kind == callNode {
		if err := n.checkUpdateCall(); err != nil {
			return err
		}
	}
	for _, arg := range n.args {
		if err := arg.checkAssigned(); err != nil {
			return err
		}
	}
	if n.kind == sumNode {
		return n.wantKinds(UpdateClause, attribute.N)
	}
	return nil
}

func (n *node) checkUpdateCall() error {
	want, known := arity[n.op]
	switch {
	case !known:
		return UpdateClause.errorf("Invalid function name; function: %s", n.op)
	case !isUpdateFunction(n.op):
		return UpdateClause.errorf("The function is not allowed in an update expression; function: %s", n.op)
	case len(n.args) != want:
		return wrongCount(UpdateClause, n)
	case n.op == "if_not_exists":
		return n.wantPath(UpdateClause)
	}
	return n.wantKinds(UpdateClause, attribute.L)
}

// Touched returns the projection that picks what the update writes.
func (u *Update) Touched() *Projection { return newProjection(u.paths) }

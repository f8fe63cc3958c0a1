package eventsource

// Match reports whether an event, given as JSON, matches the pattern. What is
// not JSON matches no pattern.
func (p *Pattern) Match(event []byte) bool {
	v, err := decodeJSON(event)
	return err == nil && p.matchValue(v)
}

func (p *Pattern) matchValue(event any) bool {
	return p.root.match(event, event)
}

// match compares a value with an object of the pattern. For an array it is
// enough that one element matches, but the same one in all fields.
func (n *node) match(value, event any) bool {
	if list, ok := value.([]any); ok && len(list) > 0 {
		for _, e := range list {
			if n.match(e, event) {
				return true
			}
		}
		return false
	}
	object, _ := value.(map[string]any)
	for i := range n.fields {
		if !n.fields[i].match(object, event) {
			return false
		}
	}
	for _, alternatives := range n.anyOf {
		if !oneMatches(alternatives, value, event) {
			return false
		}
	}
	return true
}

func oneMatches(alternatives []node, value, event any) bool {
	for i := range alternatives {
		if alternatives[i].match(value, event) {
			return true
		}
	}
	return false
}

func (f *field) match(object map[string]any, event any) bool {
	if f.below != nil {
		return f.below.match(object[f.name], event)
	}
	v, present := object[f.name]
	var values []any
	if present {
		values = leaves(v, nil)
	}
	for _, r := range f.rules {
		if r.absent && !found(event, f.path) {
			return true
		}
		for _, v := range values {
			if r.match(v) {
				return true
			}
		}
	}
	return false
}

// leaves collects the values that rules can see: scalars, and those in arrays.
func leaves(v any, to []any) []any {
	switch v := v.(type) {
	case map[string]any:
		return to
	case []any:
		for _, e := range v {
			to = leaves(e, to)
		}
		return to
	}
	return append(to, v)
}

// found reports whether there is a leaf at path anywhere in the event: an
// array in between must not hide one.
func found(v any, path []string) bool {
	if list, ok := v.([]any); ok && len(path) > 0 {
		for _, e := range list {
			if found(e, path) {
				return true
			}
		}
		return false
	}
	if len(path) == 0 {
		return len(leaves(v, nil)) > 0
	}
	object, _ := v.(map[string]any)
	below, ok := object[path[0]]
	return ok && found(below, path[1:])
}

// bodyKind says what a pattern for a queue expects of a message's body.
type bodyKind int

const (
	bodyIgnored bodyKind = iota // the pattern does not look at it
	bodyText                    // a plain string
	bodyJSON                    // a JSON object
)

// bodyKind looks for a field "body" at the top, also inside "$or".
func (n *node) bodyKind() bodyKind {
	kind := bodyIgnored
	for _, f := range n.fields {
		switch {
		case f.name != "body":
		case f.below != nil:
			return bodyJSON
		default:
			kind = bodyText
		}
	}
	for _, alternatives := range n.anyOf {
		for i := range alternatives {
			kind = max(kind, alternatives[i].bodyKind())
		}
	}
	return kind
}

// anyMatches reports whether an event matches one of the patterns; with no
// patterns every event does.
func anyMatches(patterns []*Pattern, event []byte) bool {
	if len(patterns) == 0 {
		return true
	}
	v, err := decodeJSON(event)
	if err != nil {
		return false
	}
	for _, p := range patterns {
		if p.matchValue(v) {
			return true
		}
	}
	return false
}

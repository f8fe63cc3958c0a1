package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object reads a mapping's properties by name and remembers which it was asked
// for, so that [object.close] finds those that nobody knows. The first error
// stops every object of one resource: after it they answer zero values.
type object struct {
	r    *resolver
	err  *error
	at   *yaml.Node
	all  []field
	seen map[string]bool
}

func (r *resolver) object(n, at *yaml.Node) *object {
	return newObject(r, new(error), n, at)
}

func newObject(r *resolver, err *error, n, at *yaml.Node) *object {
	o := &object{r: r, err: err, at: at, seen: map[string]bool{}}
	fields, failure := r.fields(n)
	o.fail(failure)
	o.all = fields
	return o
}

func (o *object) fail(err error) {
	if *o.err == nil {
		*o.err = err
	}
}

func (o *object) failf(n *yaml.Node, format string, args ...any) {
	o.fail(o.r.errorf(n, fmt.Sprintf(format, args...)))
}

// get resolves the property, or answers nil where it is absent or NoValue.
func (o *object) get(key string) *yaml.Node {
	o.seen[key] = true
	if *o.err != nil {
		return nil
	}
	for _, f := range o.all {
		if f.name == key {
			value, err := o.r.resolve(f.node)
			o.fail(err)
			return value
		}
	}
	return nil
}

// str answers a property's text, or the fallback where it is absent.
func (o *object) str(key, fallback string) string {
	n := o.get(key)
	if n == nil {
		return fallback
	}
	return o.scalar(key, n)
}

func (o *object) scalar(key string, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		o.failf(n, "%s must be text", key)
		return ""
	}
	return n.Value
}

// required is str for a property that must be there.
func (o *object) required(key string) string {
	n := o.get(key)
	if n == nil {
		o.failf(o.at, "%s is missing", key)
		return ""
	}
	return o.scalar(key, n)
}

// oneOf is str for a property with few values. It must be there when the
// fallback is empty.
func (o *object) oneOf(key, fallback string, allowed ...string) string {
	n := o.get(key)
	if n == nil {
		if fallback == "" {
			o.failf(o.at, "%s is missing", key)
		}
		return fallback
	}
	value := o.scalar(key, n)
	if !slices.Contains(allowed, value) {
		o.failf(n, "%s is %q; supported here: %s", key, value, strings.Join(allowed, ", "))
	}
	return value
}

// integer answers a number within bounds.
func (o *object) integer(key string, fallback, low, high int) int {
	n := o.get(key)
	if n == nil {
		return fallback
	}
	value, err := strconv.Atoi(o.scalar(key, n))
	if err != nil || value < low || value > high {
		o.failf(n, "%s must be a number from %d to %d, not %s", key, low, high, kindName(n))
		return fallback
	}
	return value
}

func (o *object) flag(key string, fallback bool) bool {
	n := o.get(key)
	if n == nil {
		return fallback
	}
	switch strings.ToLower(o.scalar(key, n)) {
	case "true":
		return true
	case "false":
		return false
	}
	o.failf(n, "%s must be true or false, not %s", key, kindName(n))
	return fallback
}

// strings answers a list of texts, nil where it is absent.
func (o *object) strings(key string) []string {
	n := o.get(key)
	if n == nil {
		return nil
	}
	values, err := o.r.list(n)
	o.fail(err)
	return values
}

// texts answers a mapping of texts, nil where it is absent.
func (o *object) texts(key string) map[string]string {
	child := o.child(key)
	if child == nil {
		return nil
	}
	out := make(map[string]string, len(child.all))
	for _, f := range child.all {
		out[f.name] = child.str(f.name, "")
	}
	return out
}

// child answers an object, nil where it is absent.
func (o *object) child(key string) *object {
	n := o.get(key)
	if n == nil {
		return nil
	}
	return newObject(o.r, o.err, n, n)
}

// children answers a list of objects.
func (o *object) children(key string) []*object {
	n := o.get(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		o.failf(n, "%s must be a list", key)
		return nil
	}
	var out []*object
	for _, item := range n.Content {
		out = append(out, newObject(o.r, o.err, item, item))
	}
	return out
}

// ignore marks properties that change nothing on one machine. They are not
// even resolved.
func (o *object) ignore(keys ...string) {
	for _, key := range keys {
		o.seen[key] = true
	}
}

// close fails on a property that nothing asked for.
func (o *object) close() {
	for _, f := range o.all {
		if !o.seen[f.name] {
			o.failf(f.key, "property %s is not supported", f.name)
		}
	}
}

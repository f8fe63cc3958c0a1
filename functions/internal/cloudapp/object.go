package cloudapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// object is a JSON object whose members keep their order and their values' bytes.
type object []member

type member struct {
	name string
	json []byte
}

var errObject = errors.New("no JSON object")

// parseObject reads one object and nothing after it. Of members with the same name the last one counts, in the
// first one's place.
func parseObject(text []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errObject
	}
	o := object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errObject
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errObject
		}
		o = o.with(name.(string), value) // a member's name is a text
	}
	if _, err := d.Token(); err != nil {
		return nil, errObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errObject
	}
	return o, nil
}

// get is the value of a member; nil if there is none.
func (o object) get(name string) []byte {
	for _, m := range o {
		if m.name == name {
			return m.json
		}
	}
	return nil
}

// with is the object with the member in the place of one with this name, or at the end. It changes
// the object.
func (o object) with(name string, value []byte) object {
	for i := range o {
		if o[i].name == name {
			o[i].json = value
			return o
		}
	}
	return append(o, member{name, value})
}

// text is the object as JSON, without spaces of its own.
func (o object) text() []byte {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, quote(m.name)...), ':')
		b = append(b, m.json...)
	}
	return append(b, '}')
}

// isNull reports whether a value is null, or not there.
func isNull(value []byte) bool { return value == nil || string(value) == "null" }

// quote is the text as a JSON string, with no more escapes than it needs.
func quote(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

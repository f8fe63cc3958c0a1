package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// identifier is an id in a payload: a JSON string or, as some applications write it, a number.
type identifier string

// UnmarshalJSON accepts a string, a number and null, which is no id.
func (id *identifier) UnmarshalJSON(data []byte) error {
	switch {
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(id))
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		*id = identifier(data)
		return nil
	case string(data) == "null":
		return nil
	}
	return errors.New("an id is neither a string nor a number")
}

// decode reads the parts of a payload that fields name. The payload must be a JSON object.
func decode(item *Item, fields any) error {
	if item.Payload == nil {
		return errors.New("the item has no payload")
	}
	if trimmed := bytes.TrimLeft(item.Payload, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the payload is no JSON object")
	}
	return unmarshal(item.Payload, fields)
}

// unmarshal says in an operator's words what does not fit.
func unmarshal(payload []byte, into any) error {
	err := json.Unmarshal(payload, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("the payload does not fit: %q is a %s", wrong.Field, wrong.Value)
	}
	if err != nil {
		return fmt.Errorf("the payload does not fit: %w", err)
	}
	return nil
}

// entityID is the id that clients see: the payload's own, or else the part of the item's id after its kind.
func entityID(item *Item, own identifier) (string, error) {
	if own != "" {
		return string(own), nil
	}
	if id, ok := strings.CutPrefix(item.ID, item.Kind+"#"); ok && id != "" {
		return id, nil
	}
	return "", errors.New("neither the payload nor the item has an id to show")
}

// sameShown reports whether two JSON texts show the same, apart from members that are ignored
// at any depth. Texts that are no JSON are the same only byte for byte.
func sameShown(a, b []byte, ignored func(member string) bool) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errA := decodeAny(a)
	y, errB := decodeAny(b)
	return errA == nil && errB == nil && equalShown(x, y, ignored)
}

// decodeAny keeps numbers as they are written: an id can be longer than a float is exact.
func decodeAny(text []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&value)
	return value, err
}

func equalShown(a, b any, ignored func(string) bool) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && equalMembers(x, y, ignored)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equalShown(x[i], y[i], ignored) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

func equalMembers(a, b map[string]any, ignored func(string) bool) bool {
	for name, x := range a {
		if ignored(name) {
			continue
		}
		if y, ok := b[name]; !ok || !equalShown(x, y, ignored) {
			return false
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok && !ignored(name) {
			return false
		}
	}
	return true
}

// nothingIgnored compares every member.
func nothingIgnored(string) bool { return false }

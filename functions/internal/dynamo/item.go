package dynamo

import (
	"errors"
	"fmt"

	"edgestream/functions/internal/stream"
)

// decodeItem checks the types of a Content item's attributes. Nil for no image. NULL counts as
// absent.
func decodeItem(attributes item) (*stream.Item, error) {
	if attributes == nil {
		return nil, nil
	}
	i := new(stream.Item)
	for _, a := range []struct {
		name   string
		decode func(value) error
	}{
		{"owner", textInto(&i.Owner)}, {"id", textInto(&i.ID)}, {"kind", textInto(&i.Kind)},
		{"home", idsInto(&i.Home)}, {"lists", idsInto(&i.Lists)},
		{"local", flagInto(&i.Local)}, {"listed", flagInto(&i.Listed)},
		{"topics", targetsInto(&i.Topics)}, {"event", textInto(&i.Event)},
		{"payload", payloadInto(i)}, // after kind, on which it depends
	} {
		if err := optional(attributes, a.name, a.decode); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func optional(attributes item, name string, decode func(value) error) error {
	v := attributes.get(name)
	if !v.given() {
		return nil
	}
	if err := decode(v); err != nil {
		return fmt.Errorf("attribute %s %w", name, err)
	}
	return nil
}

func wrongAttribute(name string, v value, want string) error {
	if v.kind == "" {
		return fmt.Errorf("attribute %s is missing", name)
	}
	return fmt.Errorf("attribute %s %w", name, notA(v, want))
}

func notA(v value, want string) error { return fmt.Errorf("is %s, not %s", v.kind, want) }

func textInto(to *string) func(value) error {
	return func(v value) error {
		if v.kind != isString {
			return notA(v, "S")
		}
		*to = v.text
		return nil
	}
}

func flagInto(to **bool) func(value) error {
	return func(v value) error {
		if v.kind != isBool {
			return notA(v, "BOOL")
		}
		*to = &v.flag
		return nil
	}
}

func idsInto(to *[]string) func(value) error {
	return func(v value) (err error) {
		*to, err = v.texts()
		return err
	}
}

// payloadInto takes a text as it is and a map as JSON. The payloads of a broadcast and a filter
// may be anything.
func payloadInto(i *stream.Item) func(value) error {
	return func(v value) error {
		free := i.Kind == "broadcast" || i.Kind == "filter"
		switch {
		case v.kind == isString:
			i.Payload = []byte(v.text)
		case v.kind == isMap, free && v.kind != isBinary && v.kind != isBinarySet:
			i.Payload = v.appendPlain(nil)
		case free:
			return notA(v, "text or JSON")
		default:
			return notA(v, "S or M")
		}
		return nil
	}
}

func targetsInto(to *[]stream.Target) func(value) error {
	return func(v value) error {
		if v.kind != isList {
			return notA(v, "L")
		}
		for n, e := range v.list {
			target, err := decodeTarget(e)
			if err != nil {
				return fmt.Errorf("element %d: %w", n, err)
			}
			*to = append(*to, target)
		}
		return nil
	}
}

func decodeTarget(v value) (t stream.Target, err error) {
	if v.kind != isMap {
		return t, notA(v, "M")
	}
	var name string
	err = errors.Join(
		optional(v.fields, "stream", textInto(&name)),
		optional(v.fields, "tag", textInto(&t.Tag)),
		optional(v.fields, "list", idInto(&t.List)),
		optional(v.fields, "account", idInto(&t.Account)),
	)
	t.Stream = stream.Name(name)
	return t, err
}

// idInto takes an id as a text or, as in lists of ids, as a number.
func idInto(to *string) func(value) error {
	return func(v value) error {
		if v.kind != isString && v.kind != isNumber {
			return notA(v, "S or N")
		}
		*to = v.text
		return nil
	}
}

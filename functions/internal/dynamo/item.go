package dynamo

import (
	"errors"
	"fmt"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// decodeItem checks the types of a Content item's attributes. Nil for no image. NULL counts as
// absent.
func decodeItem(attributes table.Item) (*stream.Item, error) {
	if attributes == nil {
		return nil, nil
	}
	i := new(stream.Item)
	for _, a := range []struct {
		name   string
		decode func(table.Value) error
	}{
		{"owner", textInto(&i.Owner)}, {"id", textInto(&i.ID)}, {"kind", textInto(&i.Kind)},
		{"home", idsInto(&i.Home)}, {"lists", idsInto(&i.Lists)},
		{"local", flagInto(&i.Local)}, {"listed", flagInto(&i.Listed)},
		{"topics", targetsInto(&i.Topics)}, {"event", textInto(&i.Event)},
		{"payload", payloadInto(i)}, // after kind, on which this one and the next depend
		{"app", appInto(i)}, {"members", membersInto(i)},
	} {
		if err := optional(attributes, a.name, a.decode); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func optional(attributes table.Item, name string, decode func(table.Value) error) error {
	v := attributes.Get(name)
	if !v.Given() {
		return nil
	}
	if err := decode(v); err != nil {
		return fmt.Errorf("attribute %s %w", name, err)
	}
	return nil
}

func wrongAttribute(name string, v table.Value, want string) error {
	if v.Kind == "" {
		return fmt.Errorf("attribute %s is missing", name)
	}
	return fmt.Errorf("attribute %s %w", name, notA(v, want))
}

func notA(v table.Value, want string) error { return fmt.Errorf("is %s, not %s", v.Kind, want) }

func textInto(to *string) func(table.Value) error {
	return func(v table.Value) error {
		if v.Kind != table.IsString {
			return notA(v, "S")
		}
		*to = v.Text
		return nil
	}
}

func flagInto(to **bool) func(table.Value) error {
	return func(v table.Value) error {
		if v.Kind != table.IsBool {
			return notA(v, "BOOL")
		}
		*to = &v.Flag
		return nil
	}
}

func idsInto(to *[]string) func(table.Value) error {
	return func(v table.Value) (err error) {
		*to, err = v.IDs()
		return err
	}
}

// payloadInto takes a text as it is and a map as JSON, and of events also a list of maps. The payloads
// of a broadcast and a filter may be anything.
func payloadInto(i *stream.Item) func(table.Value) error {
	return func(v table.Value) error {
		free := i.Kind == "broadcast" || i.Kind == "filter"
		switch {
		case v.Kind == table.IsString:
			i.Payload = []byte(v.Text)
		case v.Kind == table.IsMap, v.Kind == table.IsList && i.Kind == "event", free && v.Kind != table.IsBinary && v.Kind != table.IsBinarySet:
			i.Payload = v.AppendPlain(nil)
		case free:
			return notA(v, "text or JSON")
		case i.Kind == "event":
			return notA(v, "S, M or L")
		default:
			return notA(v, "S or M")
		}
		return nil
	}
}

// appInto reads the app of an item of an account's list. Other kinds may have an attribute of that
// name which is their application's own.
func appInto(i *stream.Item) func(table.Value) error {
	return func(v table.Value) error {
		if i.Kind != "item" {
			return nil
		}
		return idInto(&i.App)(v)
	}
}

func targetsInto(to *[]stream.Target) func(table.Value) error {
	return func(v table.Value) error {
		if v.Kind != table.IsList {
			return notA(v, "L")
		}
		for n, e := range v.List {
			target, err := decodeTarget(e)
			if err != nil {
				return fmt.Errorf("element %d: %w", n, err)
			}
			*to = append(*to, target)
		}
		return nil
	}
}

func decodeTarget(v table.Value) (t stream.Target, err error) {
	if v.Kind != table.IsMap {
		return t, notA(v, "M")
	}
	var name string
	err = errors.Join(
		optional(v.Fields, "stream", textInto(&name)),
		optional(v.Fields, "tag", textInto(&t.Tag)),
		optional(v.Fields, "list", idInto(&t.List)),
		optional(v.Fields, "account", idInto(&t.Account)),
		optional(v.Fields, "channel", textInto(&t.Channel)),
		optional(v.Fields, "app", idInto(&t.App)),
	)
	t.Stream = stream.Name(name)
	return t, err
}

// idInto takes an id as a text or, as in lists of ids, as a number.
func idInto(to *string) func(table.Value) error {
	return func(v table.Value) error {
		if v.Kind != table.IsString && v.Kind != table.IsNumber {
			return notA(v, "S or N")
		}
		*to = v.Text
		return nil
	}
}

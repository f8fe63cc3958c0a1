package dynamo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Source is a table that an application has for itself and whose items may say something to clients:
// those with a map in the attribute edgestream, which holds what an item of Content has as attributes.
// The payload stands in the map too (payload), or is another attribute of the item, which the map
// names (payloadFrom). The zero value is no table.
type Source struct{ table string }

// NewSource is the table whose stream has this ARN; none if it is empty.
func NewSource(streamARN string) Source { return Source{tableOf(streamARN)} }

// tableOf is the name in the ARN of a table's stream, …:table/NAME/stream/LABEL.
func tableOf(arn string) string {
	_, name, _ := strings.Cut(arn, ":table/")
	name, _, _ = strings.Cut(name, "/")
	return name
}

// Change decodes one record: of the table's stream if it is of that, and else of Content's.
//
// A stream has the changes of one item in order, and nothing else is known of this table's, so Owner
// is the item, by a name that no owner of Content has. An item whose map comes or goes is inserted or
// removed. A change of neither the map nor the payload is Unchanged.
func (s Source) Change(raw json.RawMessage) stream.Change {
	r, err := readRecord(raw)
	if s.table == "" || tableOf(r.source) != s.table {
		return r.change(raw, err, r.fill)
	}
	c := r.change(raw, err, r.fillSaid)
	c.EventID, c.Owner, c.Elsewhere = sourcePrefix+c.EventID, s.owner(r.keys), true
	return c
}

// sourcePrefix is before what names records and items of a Source, and nothing of Content.
const sourcePrefix = "source#"

// owner is the item with this key.
func (s Source) owner(keys table.Item) string {
	sum := sha256.Sum256(keys.AppendPlain([]byte(s.table)))
	return sourcePrefix + hex.EncodeToString(sum[:16])
}

// fillSaid is fill for a record of a Source.
func (r *record) fillSaid(c *stream.Change) error {
	err := r.complete()
	if err != nil || c.Expired {
		return err
	}
	before, after := saidBy(r.oldImage), saidBy(r.newImage)
	if c.Unchanged = before.same(after); c.Unchanged {
		return nil
	}
	if c.Old, err = before.item(r.keys); err != nil && after.silent() {
		return fmt.Errorf("old image: %w", err)
	} else if err != nil {
		c.Old = nil // it was reported then and never shown
	}
	if c.New, err = after.item(r.keys); err != nil {
		return fmt.Errorf("new image: %w", err)
	}
	return nil
}

// said is what an item of a Source says to clients.
type said struct {
	// fields are the map's; nil: the item has none.
	fields table.Item
	// payload is the attribute that the map names.
	payload table.Value
}

func saidBy(image table.Item) (s said) {
	m := image.Get("edgestream")
	if m.Kind != table.IsMap {
		return s
	}
	s.fields = append(table.Item{}, m.Fields...)
	if name := m.Fields.Get("payloadFrom"); name.Kind == table.IsString {
		s.payload = image.Get(name.Text)
	}
	return s
}

func (s said) silent() bool { return s.fields == nil }

func (s said) same(other said) bool {
	return s.silent() == other.silent() && s.payload.Kind == other.payload.Kind &&
		bytes.Equal(s.fields.AppendPlain(nil), other.fields.AppendPlain(nil)) &&
		bytes.Equal(s.payload.AppendPlain(nil), other.payload.AppendPlain(nil))
}

// item is what Content's item would be; nil if there is nothing.
func (s said) item(keys table.Item) (*stream.Item, error) {
	if s.silent() {
		return nil, nil
	}
	attributes, err := s.attributes()
	if err != nil {
		return nil, fmt.Errorf("edgestream: %w", err)
	}
	i, err := decodeItem(attributes)
	switch {
	case err != nil:
		return nil, fmt.Errorf("edgestream: %w", err)
	case strings.HasPrefix(i.Kind, "_"):
		return nil, fmt.Errorf("edgestream: kind %.40q is the service's own", i.Kind)
	case i.ID == "":
		i.ID = i.Kind + "#" + keyText(keys)
	}
	return i, nil
}

// contentAttributes are those of Content that a map may have. What else it has is the application's.
var contentAttributes = []string{"owner", "id", "kind", "home", "lists", "local", "listed", "topics", "event", "payload", "app"}

// attributes are the item's as Content would have them.
func (s said) attributes() (attributes table.Item, err error) {
	for _, f := range s.fields {
		if f.Given() && slices.Contains(contentAttributes, f.Name) {
			attributes = append(attributes, asText(f))
		}
	}
	from := s.fields.Get("payloadFrom")
	switch {
	case !from.Given():
		return attributes, nil
	case from.Kind != table.IsString:
		return nil, wrongAttribute("payloadFrom", from, "S")
	case s.fields.Get("payload").Given():
		return nil, errPayloads
	case !s.payload.Given():
		return nil, fmt.Errorf("attribute payloadFrom names %.40q, which the item has not", from.Text)
	}
	return append(attributes, table.Field{"payload", s.payload}), nil
}

var errPayloads = errors.New("there are both a payload and a payloadFrom")

// asText takes ids that are numbers, which in Content are keys and texts.
func asText(f table.Field) table.Field {
	if (f.Name == "owner" || f.Name == "id") && f.Kind == table.IsNumber {
		f.Value = table.Text(f.Text)
	}
	return f
}

// keyText is the item's key, its attributes by their names.
func keyText(keys table.Item) string {
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b table.Field) int { return strings.Compare(a.Name, b.Name) })
	texts := make([]string, len(sorted))
	for i, f := range sorted {
		texts[i] = f.Text
	}
	return strings.Join(texts, "#")
}

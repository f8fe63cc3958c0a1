package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"edgestream/functions/internal/stream"
)

// record is a DynamoDB stream record as Lambda delivers it,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html. An image that is not there is nil.
type record struct {
	eventID, eventName, principal, sequence string
	at                                      float64
	keys, oldImage, newImage                item
}

// Change decodes one record of the Content table's stream. A record that does not fit the table
// has a Problem, and still whatever of EventID, Sequence and Owner could be read.
func Change(raw json.RawMessage) stream.Change {
	r, err := parseRecord(string(raw))
	if err != nil {
		r.rescue(raw)
	}
	c := stream.Change{
		EventID: r.eventID, Sequence: r.sequence, At: second(r.at), Raw: raw,
		Owner:   r.keys.get("owner").text,
		Expired: r.eventName == "REMOVE" && r.principal == "dynamodb.amazonaws.com",
	}
	if err == nil {
		err = r.fill(&c)
	}
	if err != nil {
		c.Problem, c.Old, c.New = err, nil, nil
	}
	return c
}

func parseRecord(in string) (r record, err error) {
	p := parser{in: in}
	p.object(func(name string) {
		switch name {
		case "eventID":
			r.eventID = p.string()
		case "eventName":
			r.eventName = p.string()
		case "userIdentity":
			r.principal = p.principal()
		case "dynamodb":
			p.change(&r)
		default:
			p.skip()
		}
	})
	return r, p.end()
}

// rescue reads what names a record of which something else cannot be read.
func (r *record) rescue(raw json.RawMessage) {
	var names struct {
		EventID  string
		DynamoDB struct {
			SequenceNumber string
			Keys           struct{ Owner struct{ S string } }
		}
	}
	_ = json.Unmarshal(raw, &names) // what is of another type stays empty
	r.eventID, r.sequence = names.EventID, names.DynamoDB.SequenceNumber
	r.keys = item{{"owner", text(names.DynamoDB.Keys.Owner.S)}}
}

// principal reads who made the change; nobody where it is null.
func (p *parser) principal() (id string) {
	if p.peek() != '{' {
		p.skip()
		return ""
	}
	p.object(func(name string) {
		if name == "principalId" || name == "PrincipalId" {
			id = p.string()
		} else {
			p.skip()
		}
	})
	return id
}

func (p *parser) change(r *record) {
	p.object(func(name string) {
		switch name {
		case "ApproximateCreationDateTime":
			r.at = p.float()
		case "Keys":
			r.keys = p.image()
		case "OldImage":
			r.oldImage = p.image()
		case "NewImage":
			r.newImage = p.image()
		case "SequenceNumber":
			r.sequence = p.string()
		default:
			p.skip()
		}
	})
}

// image is an item, not nil even if it has no attributes, or nil for null.
func (p *parser) image() item {
	if p.peek() != '{' {
		if p.bare() != "null" {
			p.fail("not an image")
		}
		return nil
	}
	return append(item{}, p.item()...)
}

func (p *parser) float() float64 {
	p.space()
	f, err := strconv.ParseFloat(p.bare(), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		p.fail("not a number")
	}
	return f
}

// fill checks and decodes the images. An expired item is silent whatever it was, so it is not read.
func (r *record) fill(c *stream.Change) error {
	if owner := r.keys.get("owner"); owner.kind != isString {
		return wrongAttribute("owner", owner, "S")
	}
	err := r.complete()
	if err != nil || c.Expired {
		return err
	}
	if c.Old, err = decodeItem(r.oldImage); err != nil && r.newImage == nil {
		return fmt.Errorf("old image: %w", err)
	} else if err != nil {
		c.Old = nil // it was reported then and never shown: mending it is an insert
	}
	if c.New, err = decodeItem(r.newImage); err != nil {
		return fmt.Errorf("new image: %w", err)
	}
	return nil
}

var errImages = errors.New("record lacks an image (the table's stream must be NEW_AND_OLD_IMAGES)")

func (r *record) complete() error {
	ok := false
	switch before, after := r.oldImage != nil, r.newImage != nil; r.eventName {
	case "INSERT":
		ok = after && !before
	case "MODIFY":
		ok = after && before
	case "REMOVE":
		ok = before && !after
	default:
		return fmt.Errorf("record: unknown eventName %.40q", r.eventName)
	}
	if !ok {
		return errImages
	}
	return nil
}

// second is epoch seconds as a time; zero for what can be no time of a change.
func second(epoch float64) time.Time {
	if !(epoch > 0 && epoch < 1e11) {
		return time.Time{}
	}
	return time.Unix(int64(epoch), 0).UTC()
}

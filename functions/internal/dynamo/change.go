package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// record is a DynamoDB stream record as Lambda delivers it,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html. An image that is not there is nil.
type record struct {
	eventID, eventName, principal, sequence, source string
	at                                              float64
	keys, oldImage, newImage                        table.Item
}

// Change decodes one record of the Content table's stream. A record that does not fit the table
// has a Problem, and still whatever of EventID, Sequence and Owner could be read.
func Change(raw json.RawMessage) stream.Change { return Source{}.Change(raw) }

// readRecord reads what names a record also of one of which something else cannot be read.
func readRecord(raw json.RawMessage) (record, error) {
	r, err := parseRecord(string(raw))
	if err != nil {
		r.rescue(raw)
	}
	return r, err
}

// change is the record as a change, whose images fill sees to unless the record could not be read.
func (r *record) change(raw json.RawMessage, err error, fill func(*stream.Change) error) stream.Change {
	c := stream.Change{
		EventID: r.eventID, Sequence: r.sequence, At: second(r.at), Raw: raw,
		Owner:   r.keys.Get("owner").Text,
		Expired: r.eventName == "REMOVE" && r.principal == "dynamodb.amazonaws.com",
	}
	if err == nil {
		err = fill(&c)
	}
	if err != nil {
		c.Problem, c.Old, c.New = err, nil, nil
	}
	return c
}

func parseRecord(in string) (r record, err error) {
	p := table.NewParser(in)
	p.Object(func(name string) {
		switch name {
		case "eventID":
			r.eventID = p.Text()
		case "eventName":
			r.eventName = p.Text()
		case "userIdentity":
			r.principal = principal(p)
		case "dynamodb":
			readChange(p, &r)
		case "eventSourceARN":
			r.source = p.Text()
		default:
			p.Skip()
		}
	})
	return r, p.End()
}

// rescue reads what names a record of which something else cannot be read.
func (r *record) rescue(raw json.RawMessage) {
	var names struct {
		EventID, EventSourceARN string
		DynamoDB                struct {
			SequenceNumber string
			Keys           json.RawMessage
		}
	}
	_ = json.Unmarshal(raw, &names) // what is of another type stays empty
	r.eventID, r.sequence, r.source = names.EventID, names.DynamoDB.SequenceNumber, names.EventSourceARN
	r.keys, _ = table.ParseItem(string(names.DynamoDB.Keys)) // none, if they are what cannot be read
}

// principal reads who made the change; nobody where it is null.
func principal(p *table.Parser) (id string) {
	if p.Peek() != '{' {
		p.Skip()
		return ""
	}
	p.Object(func(name string) {
		if name == "principalId" || name == "PrincipalId" {
			id = p.Text()
		} else {
			p.Skip()
		}
	})
	return id
}

func readChange(p *table.Parser, r *record) {
	p.Object(func(name string) {
		switch name {
		case "ApproximateCreationDateTime":
			r.at = float(p)
		case "Keys":
			r.keys = image(p)
		case "OldImage":
			r.oldImage = image(p)
		case "NewImage":
			r.newImage = image(p)
		case "SequenceNumber":
			r.sequence = p.Text()
		default:
			p.Skip()
		}
	})
}

// image is an item, not nil even if it has no attributes, or nil for null.
func image(p *table.Parser) table.Item {
	if p.Peek() != '{' {
		if p.Bare() != "null" {
			p.Fail("not an image")
		}
		return nil
	}
	return append(table.Item{}, p.Item()...)
}

func float(p *table.Parser) float64 {
	p.Space()
	f, err := strconv.ParseFloat(p.Bare(), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		p.Fail("not a number")
	}
	return f
}

// fill checks and decodes the images. An expired item is silent whatever it was, so it is not read.
func (r *record) fill(c *stream.Change) error {
	if owner := r.keys.Get("owner"); owner.Kind != table.IsString {
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

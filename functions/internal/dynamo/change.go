package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"edgestream/functions/internal/stream"
)

// record is a DynamoDB stream record as Lambda delivers it,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html.
type record struct {
	EventID      string `json:"eventID"`
	EventName    string `json:"eventName"`
	UserIdentity struct {
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
	DynamoDB struct {
		At       float64         `json:"ApproximateCreationDateTime"`
		Keys     json.RawMessage `json:"Keys"`
		OldImage json.RawMessage `json:"OldImage"`
		NewImage json.RawMessage `json:"NewImage"`
		Sequence string          `json:"SequenceNumber"`
	} `json:"dynamodb"`
}

// Change decodes one record of the Content table's stream. A record that does not fit the table
// has a Problem, and still whatever of EventID, Sequence and Owner could be read.
func Change(raw json.RawMessage) stream.Change {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return stream.Change{Raw: raw, EventID: r.EventID, Sequence: r.DynamoDB.Sequence, Problem: fmt.Errorf("record: %w", err)}
	}
	c := stream.Change{
		EventID: r.EventID, Sequence: r.DynamoDB.Sequence, At: second(r.DynamoDB.At), Raw: raw,
		Expired: r.EventName == "REMOVE" && r.UserIdentity.PrincipalID == "dynamodb.amazonaws.com",
	}
	c.Problem = r.fill(&c)
	if c.Problem != nil {
		c.Old, c.New = nil, nil
	}
	return c
}

// fill decodes keys and images. An expired item is silent whatever it was, so it is not read.
func (r *record) fill(c *stream.Change) error {
	keys, err := parseItem(string(r.DynamoDB.Keys))
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	owner := keys.get("owner")
	if owner.kind != isString {
		return wrongAttribute("owner", owner, "S")
	}
	c.Owner = owner.text
	old, changed := r.DynamoDB.OldImage, r.DynamoDB.NewImage
	if err := r.complete(len(old) > 0, len(changed) > 0); err != nil || c.Expired {
		return err
	}
	if c.Old, err = decodeItem(old); err != nil {
		return fmt.Errorf("old image: %w", err)
	}
	if c.New, err = decodeItem(changed); err != nil {
		return fmt.Errorf("new image: %w", err)
	}
	return nil
}

var errImages = errors.New("record lacks an image (the table's stream must be NEW_AND_OLD_IMAGES)")

func (r *record) complete(old, changed bool) error {
	ok := false
	switch r.EventName {
	case "INSERT":
		ok = changed && !old
	case "MODIFY":
		ok = changed && old
	case "REMOVE":
		ok = old && !changed
	default:
		return fmt.Errorf("record: unknown eventName %.40q", r.EventName)
	}
	if !ok {
		return errImages
	}
	return nil
}

// second is epoch seconds as a time; zero for what is no time of this millennium's first half.
func second(epoch float64) time.Time {
	if math.IsNaN(epoch) || epoch <= 0 || epoch > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(epoch), 0).UTC()
}

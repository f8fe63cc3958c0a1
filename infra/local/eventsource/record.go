package eventsource

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// record is one change of a stream, ready to be sent.
type record struct {
	seq     string
	created time.Time
	event   []byte // one element of the event's Records
	mark    *mark  // its place in the shard's progress
}

func (r *record) element() []byte { return r.event }

// The shape of a record in Lambda's event:
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html. Images and keys
// keep DynamoDB's typed JSON.
type recordJSON struct {
	EventID        string        `json:"eventID"`
	EventName      string        `json:"eventName"`
	EventVersion   string        `json:"eventVersion"`
	EventSource    string        `json:"eventSource"`
	AWSRegion      string        `json:"awsRegion"`
	Change         changeJSON    `json:"dynamodb"`
	EventSourceARN string        `json:"eventSourceARN"`
	UserIdentity   *identityJSON `json:"userIdentity,omitempty"`
}

type changeJSON struct {
	ApproximateCreationDateTime int64                    `json:"ApproximateCreationDateTime"`
	Keys                        map[string]attributeJSON `json:"Keys"`
	NewImage                    map[string]attributeJSON `json:"NewImage,omitempty"`
	OldImage                    map[string]attributeJSON `json:"OldImage,omitempty"`
	SequenceNumber              string                   `json:"SequenceNumber"`
	SizeBytes                   int64                    `json:"SizeBytes"`
	StreamViewType              string                   `json:"StreamViewType"`
}

type identityJSON struct {
	PrincipalID string `json:"principalId"`
	Type        string `json:"type"`
}

// attributeJSON is a value under its type: {"S":"text"}.
type attributeJSON map[string]any

// encodeRecord writes a record as Lambda does: times in whole seconds, the
// stream's ARN, and userIdentity only if the stream names one (removals by TTL).
func encodeRecord(r *types.Record, region, streamARN string) ([]byte, error) {
	change := r.Dynamodb
	if change == nil {
		change = &types.StreamRecord{}
	}
	out := recordJSON{
		EventID:        aws.ToString(r.EventID),
		EventName:      string(r.EventName),
		EventVersion:   orElse(aws.ToString(r.EventVersion), "1.1"),
		EventSource:    orElse(aws.ToString(r.EventSource), "aws:dynamodb"),
		AWSRegion:      region,
		EventSourceARN: streamARN,
		Change: changeJSON{
			ApproximateCreationDateTime: epoch(change.ApproximateCreationDateTime),
			Keys:                        encodeImage(change.Keys),
			NewImage:                    encodeImage(change.NewImage),
			OldImage:                    encodeImage(change.OldImage),
			SequenceNumber:              aws.ToString(change.SequenceNumber),
			SizeBytes:                   aws.ToInt64(change.SizeBytes),
			StreamViewType:              string(change.StreamViewType),
		},
	}
	if id := r.UserIdentity; id != nil && aws.ToString(id.PrincipalId) != "" {
		out.UserIdentity = &identityJSON{PrincipalID: *id.PrincipalId, Type: aws.ToString(id.Type)}
	}
	return marshal(out)
}

// marshal is json.Marshal without the escapes for HTML, which would make
// payloads grow.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func epoch(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

func encodeImage(image map[string]types.AttributeValue) map[string]attributeJSON {
	if image == nil {
		return nil
	}
	out := make(map[string]attributeJSON, len(image))
	for name, v := range image {
		out[name] = encodeAttribute(v)
	}
	return out
}

func encodeAttribute(v types.AttributeValue) attributeJSON {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return attributeJSON{"S": v.Value}
	case *types.AttributeValueMemberN:
		return attributeJSON{"N": v.Value}
	case *types.AttributeValueMemberB:
		return attributeJSON{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return attributeJSON{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return attributeJSON{"NULL": v.Value}
	case *types.AttributeValueMemberSS:
		return attributeJSON{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return attributeJSON{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return attributeJSON{"BS": v.Value}
	case *types.AttributeValueMemberM:
		m := encodeImage(v.Value)
		if m == nil {
			m = map[string]attributeJSON{}
		}
		return attributeJSON{"M": m}
	case *types.AttributeValueMemberL:
		list := make([]attributeJSON, 0, len(v.Value))
		for _, e := range v.Value {
			list = append(list, encodeAttribute(e))
		}
		return attributeJSON{"L": list}
	}
	return attributeJSON{}
}

// lane spreads items over n lanes by a hash of the whole key (partition and
// sort key), so that one item always has the same lane.
func lane(keys map[string]types.AttributeValue, n int, seed uint64) int {
	if n == 1 {
		return 0
	}
	key, err := json.Marshal(encodeImage(keys)) // the names come out sorted
	if err != nil {
		return 0
	}
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, seed))
	h.Write(key)
	return int(mix(h.Sum64()) % uint64(n))
}

// mix spreads FNV's weak low bits.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

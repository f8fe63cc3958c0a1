package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"regexp"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// Attribute is a message attribute. DataType is String, Number or Binary,
// perhaps with a label after a dot; Binary has a BinaryValue, the others a
// StringValue.
type Attribute struct {
	DataType    string  `json:"DataType"`
	StringValue *string `json:"StringValue,omitempty"`
	BinaryValue []byte  `json:"BinaryValue,omitempty"`
}

// Message is a message to send. GroupID is required on a FIFO queue.
type Message struct {
	Body            string
	Attributes      map[string]Attribute
	System          map[string]Attribute // AWSTraceHeader only
	GroupID         string
	DeduplicationID string
	Delay           *time.Duration // nil: the queue's
}

const maxAttributes = 10

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	fifoID        = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]{1,128}$")
)

// check says what is wrong with a message for a queue of these settings.
func (m *Message) check(s *settings) error {
	if m.Body == "" {
		return missing("MessageBody")
	}
	if !validText(m.Body) {
		return fault("InvalidMessageContents", "InvalidMessageContents", "Invalid characters in the message body. Allowed are #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF.")
	}
	if err := checkAttributes(m.Attributes); err != nil {
		return err
	}
	for name, a := range m.System {
		if name != "AWSTraceHeader" || a.DataType != "String" || a.StringValue == nil {
			return invalid("Message system attribute name '%s' is invalid.", name)
		}
	}
	if most := s.number("MaximumMessageSize"); m.size() > most {
		return invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", most)
	}
	if m.Delay != nil && (*m.Delay < 0 || *m.Delay > 900*time.Second) {
		return invalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", int(m.Delay.Seconds()))
	}
	return m.checkFIFO(s)
}

// checkFIFO is about ids of groups and deduplication.
func (m *Message) checkFIFO(s *settings) error {
	if m.GroupID != "" && !fifoID.MatchString(m.GroupID) {
		return invalid("Value for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if m.DeduplicationID != "" && !fifoID.MatchString(m.DeduplicationID) {
		return invalid("Value for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	switch {
	case !s.fifo() && m.DeduplicationID != "":
		return invalid("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", m.DeduplicationID)
	case !s.fifo():
		return nil
	case m.GroupID == "":
		return missing("MessageGroupId")
	case m.Delay != nil && *m.Delay != 0:
		return invalid("Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", int(m.Delay.Seconds()))
	case m.DeduplicationID == "" && !s.is("ContentBasedDeduplication", "true"):
		return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

func checkAttributes(attributes map[string]Attribute) error {
	if len(attributes) > maxAttributes {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	for name, a := range attributes {
		lower := strings.ToLower(name)
		if !attributeName.MatchString(name) || len(name) > 256 || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
			return invalid("Message attribute name '%s' is invalid.", name)
		}
		if err := a.check(name); err != nil {
			return err
		}
	}
	return nil
}

func (a *Attribute) check(name string) error {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case kind != "String" && kind != "Number" && kind != "Binary" || len(a.DataType) > 256:
		return invalid("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	case kind == "Binary" && len(a.BinaryValue) == 0,
		kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
		return invalid("The message attribute '%s' must contain a non-empty message attribute value.", name)
	case kind != "Binary" && !validText(*a.StringValue):
		return invalid("The message attribute '%s' has characters that are not allowed.", name)
	}
	return nil
}

// validText is the set of characters that XML 1.0 allows.
func validText(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return utf8.ValidString(s)
}

// size counts the body and the names, types and values of attributes.
func (m *Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

func digest(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// attributesDigest is the digest that SDKs compare: of name, type and value of
// each attribute in the order of the names. "" if there are none. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation.
func attributesDigest(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	h := md5.New()
	for _, name := range names {
		a := attributes[name]
		writeSized(h, []byte(name))
		writeSized(h, []byte(a.DataType))
		if a.StringValue != nil {
			h.Write([]byte{1})
			writeSized(h, []byte(*a.StringValue))
		} else {
			h.Write([]byte{2})
			writeSized(h, a.BinaryValue)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeSized(h hash.Hash, b []byte) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	h.Write(b)
}

package sqs

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxMessage is the most bytes of a message with its attributes.
const maxMessage = 1 << 20

// settings are the attributes of a queue that can be set:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html.
type settings struct {
	values  map[string]string // as they were given, or the defaults
	redrive *redrivePolicy
}

// redrivePolicy moves a message to another queue once it has been received
// MaxReceiveCount times without being deleted.
type redrivePolicy struct {
	DeadLetterTargetArn string
	MaxReceiveCount     int
	raw                 string
}

// numeric attributes: default, least and most.
var numericAttributes = map[string][3]int{
	"DelaySeconds":                  {0, 0, 900},
	"MaximumMessageSize":            {maxMessage, 1024, maxMessage},
	"MessageRetentionPeriod":        {345_600, 60, 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {0, 0, 20},
	"VisibilityTimeout":             {30, 0, 43_200},
}

// keptAttributes are stored and given back, and have no effect here.
var keptAttributes = map[string]bool{
	"Policy":                       true,
	"KmsMasterKeyId":               true,
	"KmsDataKeyReusePeriodSeconds": true,
	"SqsManagedSseEnabled":         true,
	"RedriveAllowPolicy":           true,
}

// fifoAttributes are for FIFO queues only, with what they may be.
var fifoAttributes = map[string][]string{
	"FifoQueue":                 {"true"},
	"ContentBasedDeduplication": {"false", "true"},
	"DeduplicationScope":        {"queue", "messageGroup"},
	"FifoThroughputLimit":       {"perQueue", "perMessageGroupId"},
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func isFIFO(name string) bool { return strings.HasSuffix(name, ".fifo") }

// newSettings checks the attributes of a new queue and adds the defaults.
func newSettings(name string, attributes map[string]string) (*settings, error) {
	if !queueName.MatchString(strings.TrimSuffix(name, ".fifo")) || len(name) > 80 {
		return nil, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if isFIFO(name) != (attributes["FifoQueue"] == "true") {
		return nil, invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length; FifoQueue must then be true.")
	}
	s := &settings{values: map[string]string{}}
	for attribute, n := range numericAttributes {
		s.values[attribute] = strconv.Itoa(n[0])
	}
	if isFIFO(name) {
		for attribute, allowed := range fifoAttributes {
			s.values[attribute] = allowed[0]
		}
	}
	return s, s.set(attributes, true)
}

// set checks attributes and takes all of them, or none.
func (s *settings) set(attributes map[string]string, create bool) error {
	redrive := s.redrive
	if s.after(attributes, "FifoThroughputLimit") == "perMessageGroupId" && s.after(attributes, "DeduplicationScope") != "messageGroup" {
		return invalid("Value perMessageGroupId for parameter FifoThroughputLimit is invalid. Reason: It is allowed only when DeduplicationScope is messageGroup.")
	}
	for name, value := range attributes {
		if name == "RedrivePolicy" {
			var err error
			if redrive, err = parseRedrive(value); err != nil {
				return err
			}
			continue
		}
		if err := s.checkAttribute(name, value, create); err != nil {
			return err
		}
	}
	for name, value := range attributes {
		if value == "" { // RedrivePolicy and Policy are removed so
			delete(s.values, name)
			continue
		}
		s.values[name] = value
	}
	s.redrive = redrive
	return nil
}

// after is what an attribute will be once these have been set.
func (s *settings) after(attributes map[string]string, name string) string {
	if value, ok := attributes[name]; ok {
		return value
	}
	return s.values[name]
}

func (s *settings) checkAttribute(name, value string, create bool) error {
	if limits, ok := numericAttributes[name]; ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < limits[1] || n > limits[2] {
			return invalidAttributeValue(name)
		}
		return nil
	}
	if allowed, ok := fifoAttributes[name]; ok && (s.fifo() || create) {
		for _, a := range allowed {
			if a == value && s.fifo() {
				return nil
			}
		}
		return invalidAttributeValue(name)
	}
	if keptAttributes[name] {
		return nil
	}
	return invalidAttribute(name)
}

// parseRedrive reads a RedrivePolicy; "" removes it. SDKs send the count as a
// number or as a string.
func parseRedrive(value string) (*redrivePolicy, error) {
	if value == "" {
		return nil, nil
	}
	var raw struct {
		Target string          `json:"deadLetterTargetArn"`
		Count  json.RawMessage `json:"maxReceiveCount"`
	}
	bad := invalid("Value %s for parameter RedrivePolicy is invalid. Reason: it needs a deadLetterTargetArn and a maxReceiveCount from 1 to 1000.", value)
	if err := json.Unmarshal([]byte(value), &raw); err != nil {
		return nil, bad
	}
	n, err := strconv.Atoi(strings.Trim(string(raw.Count), `"`))
	if err != nil || n < 1 || n > 1000 || raw.Target == "" {
		return nil, bad
	}
	return &redrivePolicy{DeadLetterTargetArn: raw.Target, MaxReceiveCount: n, raw: value}, nil
}

// allows reports whether a queue of these settings is what a caller asks for.
func (s *settings) allows(attributes map[string]string) bool {
	for name, value := range attributes {
		if s.values[name] != value {
			return false
		}
	}
	return true
}

func (s *settings) fifo() bool { return s.values["FifoQueue"] == "true" }

func (s *settings) is(name, value string) bool { return s.values[name] == value }

// number is a numeric attribute; all of them are set and checked.
func (s *settings) number(name string) int {
	n, _ := strconv.Atoi(s.values[name])
	return n
}

func (s *settings) seconds(name string) time.Duration {
	return time.Duration(s.number(name)) * time.Second
}

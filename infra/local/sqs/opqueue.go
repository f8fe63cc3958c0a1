package sqs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// empty is the answer of operations that return nothing.
type empty struct{}

type queueInput struct {
	QueueUrl string
}

func (c *call) createQueue(in *struct {
	QueueName  string
	Attributes map[string]string
}) (any, error) {
	if in.QueueName == "" {
		return nil, missing("QueueName")
	}
	q, err := c.create(in.QueueName, in.Attributes)
	if err != nil {
		return nil, err
	}
	return c.urlOf(q.name), nil
}

// urlOf is the answer that names a queue.
func (c *call) urlOf(name string) any {
	return map[string]string{"QueueUrl": c.url(c.host, name)}
}

func (c *call) deleteQueue(in *queueInput) (any, error) {
	return empty{}, c.withQueue(in.QueueUrl, func(q *queue) error {
		delete(c.queues, q.name)
		q.notify()
		return nil
	})
}

func (c *call) getQueueURL(in *struct {
	QueueName              string
	QueueOwnerAWSAccountId string
}) (any, error) {
	if in.QueueName == "" {
		return nil, missing("QueueName")
	}
	if owner := in.QueueOwnerAWSAccountId; owner != "" && owner != c.options.AccountID {
		return nil, errNoQueue
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queues[in.QueueName] == nil {
		return nil, errNoQueue
	}
	return c.urlOf(in.QueueName), nil
}

type listQueuesOutput struct {
	QueueUrls []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:"NextToken,omitempty"`
}

// listQueues lists queues by name. The token of a next page is the last name.
func (c *call) listQueues(in *struct {
	QueueNamePrefix string
	NextToken       string
	MaxResults      *int
}) (any, error) {
	most := 1000
	if in.MaxResults != nil {
		if most = *in.MaxResults; most < 1 || most > 1000 {
			return nil, invalid("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out listQueuesOutput
	last := ""
	for _, name := range slices.Sorted(maps.Keys(c.queues)) {
		if !strings.HasPrefix(name, in.QueueNamePrefix) || name <= in.NextToken {
			continue
		}
		if len(out.QueueUrls) == most {
			if in.MaxResults != nil {
				out.NextToken = last
			}
			break
		}
		out.QueueUrls = append(out.QueueUrls, c.url(c.host, name))
		last = name
	}
	return out, nil
}

type attributesOutput struct {
	Attributes map[string]string `json:"Attributes,omitempty"`
}

func (c *call) getQueueAttributes(in *struct {
	QueueUrl       string
	AttributeNames []string
}) (any, error) {
	var out attributesOutput
	return &out, c.withQueue(in.QueueUrl, func(q *queue) (err error) {
		out.Attributes, err = c.attributes(q, in.AttributeNames)
		return err
	})
}

// attributes are those of the names, or with "All" all that there are. The
// caller holds mu.
func (c *call) attributes(q *queue, names []string) (map[string]string, error) {
	ready, flying, delayed := q.counts(time.Now())
	all := maps.Clone(q.settings.values)
	maps.Copy(all, map[string]string{
		"QueueArn":                              c.arn(q.name),
		"CreatedTimestamp":                      seconds(q.created),
		"LastModifiedTimestamp":                 seconds(q.modified),
		"ApproximateNumberOfMessages":           strconv.Itoa(ready),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(flying),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
	})
	if slices.Contains(names, "All") {
		return all, nil
	}
	wanted := map[string]string{}
	for _, name := range names {
		value, known := all[name]
		_, fifo := fifoAttributes[name]
		if !known && !fifo && !keptAttributes[name] && name != "RedrivePolicy" {
			return nil, invalidAttribute(name)
		}
		if known {
			wanted[name] = value
		}
	}
	return wanted, nil
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func (c *call) setQueueAttributes(in *struct {
	QueueUrl   string
	Attributes map[string]string
}) (any, error) {
	if in.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	if len(in.Attributes) == 0 {
		return nil, missing("Attributes")
	}
	return empty{}, c.setAttributes(in.QueueUrl, in.Attributes)
}

// purgeQueue removes all messages. AWS allows it once a minute; here it is
// always allowed.
func (c *call) purgeQueue(in *queueInput) (any, error) {
	return empty{}, c.withQueue(in.QueueUrl, func(q *queue) error {
		q.purge()
		return nil
	})
}

// withQueue runs f on a queue under the lock.
func (c *call) withQueue(url string, f func(*queue) error) error {
	if url == "" {
		return missing("QueueUrl")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q, err := c.find(url)
	if err != nil {
		return err
	}
	return f(q)
}

package sqs

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// EnsureQueue makes a queue if there is none of this name, and otherwise gives
// it these attributes. It returns the queue's ARN. Attributes are those of
// CreateQueue, as strings.
func (s *Service) EnsureQueue(name string, attributes map[string]string) (arn string, err error) {
	s.mu.Lock()
	q := s.queues[name]
	s.mu.Unlock()
	if q == nil {
		_, err = s.create(name, attributes)
		return s.arn(name), err
	}
	return s.arn(name), s.setAttributes(name, attributes)
}

// URL is the URL of a queue for clients that reach the service at host; host
// is not used if Options.BaseURL is set.
func (s *Service) URL(host, name string) string { return s.url(host, name) }

// Send adds a message to a standard queue, named by name, ARN or URL.
func (s *Service) Send(_ context.Context, queue string, body []byte) error {
	_, err := s.SendMessage(queue, Message{Body: string(body)})
	return err
}

// SendMessage adds a message to a queue, named by name, ARN or URL, and
// returns the message's id.
func (s *Service) SendMessage(queue string, m Message) (id string, err error) {
	e, err := s.send(queue, m)
	if err != nil {
		return "", err
	}
	return e.id, nil
}

// send returns a copy of the entry, which is safe to read without the lock.
func (s *Service) send(queue string, m Message) (entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(queue)
	if err != nil {
		return entry{}, err
	}
	if err := m.check(q.settings); err != nil {
		return entry{}, err
	}
	return *q.send(m, time.Now()), nil
}

// receipt is an entry as it was received.
type receipt struct {
	entry
	handle string
}

// receive waits for messages as a long poll does. A negative visibility or
// wait means the queue's own.
func (s *Service) receive(ctx context.Context, queue string, most int, visibility, wait time.Duration) ([]receipt, error) {
	var deadline time.Time
	for {
		s.mu.Lock()
		q, err := s.find(queue)
		if err != nil {
			s.mu.Unlock()
			return nil, err
		}
		now := time.Now()
		if deadline.IsZero() {
			if wait < 0 {
				wait = q.settings.seconds("ReceiveMessageWaitTimeSeconds")
			}
			deadline = now.Add(wait)
		}
		taken := s.takeNow(q, most, visibility, now)
		changed, next := q.changed, q.nextVisible(now)
		s.mu.Unlock()
		if len(taken) > 0 || !now.Before(deadline) || ctx.Err() != nil {
			return taken, ctx.Err()
		}
		waitForChange(ctx, changed, earlier(deadline, next).Sub(now))
	}
}

// takeNow takes what can be received, and moves what was received too often
// to the dead-letter queue. The caller holds mu.
func (s *Service) takeNow(q *queue, most int, visibility time.Duration, now time.Time) []receipt {
	if visibility < 0 {
		visibility = q.settings.seconds("VisibilityTimeout")
	}
	taken, dead := q.receive(most, visibility, now)
	for _, e := range dead {
		s.bury(q, e, now)
	}
	receipts := make([]receipt, 0, len(taken))
	for _, e := range taken {
		receipts = append(receipts, receipt{*e, q.handle(e)})
	}
	return receipts
}

// bury moves an entry to its queue's dead-letter queue. It keeps its id, and on
// a standard queue its age; a FIFO queue counts that from the move. Without such
// a queue it would be lost, so it goes back. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html.
func (s *Service) bury(from *queue, e *entry, now time.Time) {
	to, err := s.find(from.settings.redrive.DeadLetterTargetArn)
	if err != nil {
		s.log.Error("a dead-letter queue is missing", "queue", from.name, "target", from.settings.redrive.DeadLetterTargetArn)
		to = from
	} else {
		s.log.Warn("a message was moved to a dead-letter queue", "queue", from.name, "message", e.id, "target", to.name)
		e.deadFrom = s.arn(from.name)
		if to.settings.fifo() {
			e.sent = now
		}
	}
	e.receipt, e.receives, e.visible = 0, 0, now
	to.add(e)
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func waitForChange(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-ctx.Done():
	}
}

// ReceiveMessage takes up to max messages, waiting for the first one up to
// wait, and hides them for the queue's visibility timeout. They come in the
// form of Lambda's SQS event.
func (s *Service) ReceiveMessage(ctx context.Context, queue string, max int, wait time.Duration) ([]events.SQSMessage, error) {
	receipts, err := s.receive(ctx, queue, max, -1, wait)
	if err != nil {
		return nil, err
	}
	messages := make([]events.SQSMessage, 0, len(receipts))
	for i := range receipts {
		messages = append(messages, s.lambdaMessage(&receipts[i]))
	}
	return messages, nil
}

func (s *Service) lambdaMessage(r *receipt) events.SQSMessage {
	m := events.SQSMessage{
		MessageId:              r.id,
		ReceiptHandle:          r.handle,
		Body:                   r.Body,
		Md5OfBody:              digest(r.Body),
		Md5OfMessageAttributes: attributesDigest(r.Attributes),
		Attributes:             s.systemAttributes(&r.entry),
		MessageAttributes:      map[string]events.SQSMessageAttribute{},
		EventSource:            "aws:sqs",
		AWSRegion:              s.options.Region,
	}
	for name, a := range r.Attributes {
		m.MessageAttributes[name] = events.SQSMessageAttribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return m
}

// systemAttributes are what SQS knows of a message.
func (s *Service) systemAttributes(e *entry) map[string]string {
	a := map[string]string{
		"SenderId":                         s.options.AccountID,
		"SentTimestamp":                    millis(e.sent),
		"ApproximateReceiveCount":          strconv.Itoa(e.receives),
		"ApproximateFirstReceiveTimestamp": millis(e.firstReceived),
	}
	optional := map[string]string{
		"SequenceNumber":           e.sequence,
		"MessageGroupId":           e.GroupID,
		"MessageDeduplicationId":   e.DeduplicationID,
		"DeadLetterQueueSourceArn": e.deadFrom,
	}
	if trace, ok := e.System["AWSTraceHeader"]; ok {
		optional["AWSTraceHeader"] = *trace.StringValue
	}
	maps.DeleteFunc(optional, func(_, v string) bool { return v == "" })
	maps.Copy(a, optional)
	return a
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// DeleteMessage removes a received message.
func (s *Service) DeleteMessage(_ context.Context, queue, receiptHandle string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(queue)
	if err != nil {
		return err
	}
	return q.delete(receiptHandle, time.Now())
}

// ChangeVisibility lets a received message be received again after timeout.
func (s *Service) ChangeVisibility(_ context.Context, queue, receiptHandle string, timeout time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(queue)
	if err != nil {
		return err
	}
	return q.hide(receiptHandle, timeout, time.Now())
}

// Stored is a message as it lies in a queue, for tests and screens.
type Stored struct {
	Message
	ID       string
	Sent     time.Time
	Receives int
	InFlight bool // received, and not to be received again yet
}

// Messages lists what is in a queue, named by name, ARN or URL, in the order
// of sending. Looking does not count as receiving.
func (s *Service) Messages(queue string) ([]Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(queue)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	stored := make([]Stored, 0, q.entries.Len())
	for el := q.entries.Front(); el != nil; el = el.Next() {
		e := el.Value.(*entry)
		stored = append(stored, Stored{e.Message, e.id, e.sent, e.receives, e.receives > 0 && now.Before(e.visible)})
	}
	return stored, nil
}

// setAttributes changes attributes of a queue, all of them or none.
func (s *Service) setAttributes(queue string, attributes map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(queue)
	if err != nil {
		return err
	}
	next := settings{values: maps.Clone(q.settings.values), redrive: q.settings.redrive}
	if err := next.set(attributes, false); err != nil {
		return err
	}
	if err := s.checkRedrive(q.name, next.redrive); err != nil {
		return err
	}
	q.settings, q.modified = &next, time.Now()
	q.notify()
	return nil
}

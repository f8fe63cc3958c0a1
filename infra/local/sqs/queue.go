package sqs

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// deduplicateFor is how long a FIFO queue remembers a message.
const deduplicateFor = 5 * time.Minute

// maxVisibility is the longest that a message can be kept from others.
const maxVisibility = 12 * time.Hour

// queue is the state of one queue. The service's lock guards it.
type queue struct {
	name     string
	settings *settings
	created  time.Time
	modified time.Time

	entries *list.List // of *entry, in the order of sending
	byID    map[string]*list.Element
	serial  uint64        // of messages and of receipts
	changed chan struct{} // closed when a message may have become receivable

	sent      map[string]*entry // FIFO: by deduplication key
	sentOrder []sentKey         // the same, oldest first
}

type sentKey struct {
	key string
	at  time.Time
}

// entry is a message in a queue.
type entry struct {
	Message
	id            string
	sequence      string // FIFO only
	sent          time.Time
	visible       time.Time // in flight or delayed until then
	receives      int
	firstReceived time.Time
	receipt       uint64 // serial of the last receipt; 0: never received
	deadFrom      string // ARN of the queue that it was moved from
}

func newQueue(name string, s *settings, now time.Time) *queue {
	return &queue{
		name: name, settings: s, created: now, modified: now,
		entries: list.New(), byID: map[string]*list.Element{},
		changed: make(chan struct{}), sent: map[string]*entry{},
	}
}

// notify wakes everyone who waits for a message.
func (q *queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// send adds a checked message, or returns the earlier one that it repeats.
func (q *queue) send(m Message, now time.Time) *entry {
	key := q.deduplicationKey(&m)
	if key != "" {
		q.forget(now)
		if earlier := q.sent[key]; earlier != nil {
			return earlier
		}
	}
	delay := q.settings.seconds("DelaySeconds")
	if m.Delay != nil && !q.settings.fifo() {
		delay = *m.Delay
	}
	e := &entry{Message: m, id: newID(), sent: now, visible: now.Add(delay)}
	if key != "" {
		q.sent[key] = e
		q.sentOrder = append(q.sentOrder, sentKey{key, now})
	}
	q.add(e)
	return e
}

// add puts an entry at the end.
func (q *queue) add(e *entry) {
	q.serial++
	if q.settings.fifo() {
		e.sequence = fmt.Sprintf("188%017d", q.serial)
	}
	q.byID[e.id] = q.entries.PushBack(e)
	q.notify()
}

// deduplicationKey is what makes two messages the same; "" on a standard
// queue. It also fills in the id that is made from the body.
func (q *queue) deduplicationKey(m *Message) string {
	if !q.settings.fifo() {
		return ""
	}
	if m.DeduplicationID == "" {
		sum := sha256.Sum256([]byte(m.Body))
		m.DeduplicationID = hex.EncodeToString(sum[:])
	}
	if q.settings.is("DeduplicationScope", "messageGroup") {
		return m.GroupID + "\x00" + m.DeduplicationID
	}
	return m.DeduplicationID
}

// forget drops what was sent five minutes ago and earlier.
func (q *queue) forget(now time.Time) {
	for len(q.sentOrder) > 0 && now.Sub(q.sentOrder[0].at) >= deduplicateFor {
		delete(q.sent, q.sentOrder[0].key)
		q.sentOrder = q.sentOrder[1:]
	}
}

func (q *queue) take(e *entry, visibility time.Duration, now time.Time) {
	q.serial++
	e.receipt = q.serial
	e.receives++
	if e.receives == 1 {
		e.firstReceived = now
	}
	e.visible = now.Add(visibility)
}

func (q *queue) remove(el *list.Element) {
	delete(q.byID, el.Value.(*entry).id)
	q.entries.Remove(el)
}

// purge removes all messages.
func (q *queue) purge() {
	q.entries.Init()
	clear(q.byID)
}

// nextVisible is when the next hidden message shows again; zero if none is.
func (q *queue) nextVisible(now time.Time) time.Time {
	var next time.Time
	for el := q.entries.Front(); el != nil; el = el.Next() {
		if v := el.Value.(*entry).visible; now.Before(v) && (next.IsZero() || v.Before(next)) {
			next = v
		}
	}
	return next
}

// handle is the receipt handle of the last time an entry was received.
func (q *queue) handle(e *entry) string {
	return base64.StdEncoding.EncodeToString([]byte(q.name + "/" + e.id + "/" + strconv.FormatUint(e.receipt, 10)))
}

// received looks a receipt handle up. The element is nil if the message is
// gone; current says that it has not been received again since.
func (q *queue) received(handle string) (el *list.Element, current bool, err error) {
	if handle == "" {
		return nil, false, missing("ReceiptHandle")
	}
	raw, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(raw), "/")
	if err != nil || len(parts) != 3 || parts[0] != q.name {
		return nil, false, errBadHandle
	}
	receipt, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return nil, false, errBadHandle
	}
	el = q.byID[parts[1]]
	return el, el != nil && el.Value.(*entry).receipt == receipt, nil
}

// delete removes a received message. One that is gone already is no error. An
// older receipt deletes nothing, and on a FIFO queue an expired one is refused.
func (q *queue) delete(handle string, now time.Time) error {
	el, current, err := q.received(handle)
	if err != nil || el == nil {
		return err
	}
	if q.settings.fifo() && (!current || !now.Before(el.Value.(*entry).visible)) {
		return errOldHandle
	}
	if current {
		q.remove(el)
		q.notify() // its group may go on
	}
	return nil
}

// hide changes when a message in flight shows again.
func (q *queue) hide(handle string, timeout time.Duration, now time.Time) error {
	if timeout < 0 || timeout > maxVisibility {
		return invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", int(timeout.Seconds()))
	}
	el, current, err := q.received(handle)
	if err != nil {
		return err
	}
	if el == nil {
		return invalid("Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.")
	}
	e := el.Value.(*entry)
	if !current || !now.Before(e.visible) {
		return errNotInFlight
	}
	e.visible = now.Add(timeout)
	q.notify()
	return nil
}

// counts are the messages that can be received, are in flight, are delayed.
func (q *queue) counts(now time.Time) (ready, flying, delayed int) {
	for el := q.entries.Front(); el != nil; el = el.Next() {
		e := el.Value.(*entry)
		switch {
		case !now.Before(e.visible):
			ready++
		case e.receives > 0:
			flying++
		default:
			delayed++
		}
	}
	return ready, flying, delayed
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

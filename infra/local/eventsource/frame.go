package eventsource

import "bytes"

// maxEventBytes is the most that an invocation takes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxEventBytes = 6 << 20

// What stands around the records of an event.
const (
	eventHead = `{"Records":[`
	eventTail = `]}`
)

// element is what becomes one entry of an event's Records.
type element interface{ element() []byte }

// fitting is how many of the elements one event can take: at most limit, and
// 6 MB together, but at least one.
func fitting[E element](elements []E, limit int) int {
	size := len(eventHead) + len(eventTail)
	n := 0
	for n < len(elements) && n < limit {
		size += len(elements[n].element()) + 1
		if n > 0 && size > maxEventBytes {
			break
		}
		n++
	}
	return n
}

// frame makes the event that the function gets.
func frame[E element](elements []E) []byte {
	var b bytes.Buffer
	b.WriteString(eventHead)
	for i, e := range elements {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(e.element())
	}
	b.WriteString(eventTail)
	return b.Bytes()
}

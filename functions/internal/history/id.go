package history

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// An id is base64url, without padding, of
//
//	version  1 byte: position or event
//	binding  6 bytes: a hash of account and subscription
//	position: After; for each mark by log and writer: 6 bytes writer, N, 4·messages + 2·partly + log
//	event:    place; 6 bytes writer, N, index of the message
//
// where times are microseconds since 1970 and numbers are unsigned varints. There is one id for
// each content.
const (
	isPosition = 1
	isEvent    = 2

	bindingBytes = 6
	nameBytes    = 6
	maxMessages  = math.MaxUint8
	// maxMarks bounds an id: eight lanes of 64 publishers within Lateness. Further marks are left
	// out, so that some entries of those ten seconds would come a second time.
	maxMarks = 512
	maxID    = 16 << 10
)

// EventID is the id of one message of an entry: under 64 characters, another for each message of a
// subscription. As a position it goes back so far (Delivery) that nothing is missed which the
// client of a socket did not have when it got the message.
func (b Bound) EventID(e Entry, message int) string {
	id := b.begin(isEvent)
	id = binary.AppendUvarint(id, micros(e.At))
	id = append(id, nameOf(e.Writer)...)
	id = binary.AppendUvarint(id, e.N)
	id = binary.AppendUvarint(id, uint64(message))
	return base64.RawURLEncoding.EncodeToString(id)
}

// PositionID is the id of a position.
func (b Bound) PositionID(p Position) string {
	id := b.begin(isPosition)
	id = binary.AppendUvarint(id, micros(p.After))
	marks := slices.SortedFunc(maps.Keys(p.Seen), func(x, y Mark) int {
		return cmp.Or(cmp.Compare(x.Log, y.Log), cmp.Compare(x.Writer, y.Writer))
	})
	for _, m := range marks[:min(len(marks), maxMarks)] {
		progress := p.Seen[m]
		last := 4*uint64(progress.Messages) + uint64(m.Log)
		if progress.Partly {
			last += 2
		}
		id = append(id, nameOf(m.Writer)...)
		id = binary.AppendUvarint(id, progress.N)
		id = binary.AppendUvarint(id, last)
	}
	return base64.RawURLEncoding.EncodeToString(id)
}

// Parse reads an event id or a position id. ErrUnknownPosition: it is neither, or not one of this
// subscription and account, or of a time that is still to come.
func (b Bound) Parse(id string, now time.Time) (Position, error) {
	if len(id) > maxID {
		return Position{}, ErrUnknownPosition
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) <= bindingBytes {
		return Position{}, ErrUnknownPosition
	}
	d := decoder{rest: raw[1+bindingBytes:]}
	var p Position
	var again string // the one way to write it
	var at time.Time
	switch raw[0] {
	case isPosition:
		p = d.position(len(b.Logs(b.Account)))
		again, at = b.PositionID(p), p.After
	case isEvent:
		e, message := d.event()
		p = Position{After: e.At.Add(-Delivery)}
		again, at = b.EventID(e, message), e.At
	}
	if d.bad || again != id || at.After(now.Add(Lateness)) {
		return Position{}, ErrUnknownPosition
	}
	return p, nil
}

func (b Bound) begin(version byte) []byte {
	h := sha256.New()
	h.Write([]byte(b.Account))
	h.Write([]byte{0}) // no account has a NUL
	h.Write([]byte(b.Key()))
	return append([]byte{version}, h.Sum(nil)[:bindingBytes]...)
}

func micros(t time.Time) uint64 { return uint64(max(0, t.UnixMicro())) }

// nameOf is a writer's name as bytes. What is no name becomes a name that nobody has.
func nameOf(writer string) []byte {
	if b, err := base64.RawURLEncoding.DecodeString(writer); err == nil && len(b) == nameBytes {
		return b
	}
	h := sha256.Sum256([]byte(writer))
	return h[:nameBytes]
}

// decoder reads an id; after the first error it reads zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) number(limit uint64) uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > limit {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) time() time.Time {
	return time.UnixMicro(int64(d.number(1 << 55))).UTC()
}

func (d *decoder) writer() string {
	if len(d.rest) < nameBytes {
		d.bad, d.rest = true, nil
		return ""
	}
	name := bytes.Clone(d.rest[:nameBytes])
	d.rest = d.rest[nameBytes:]
	return base64.RawURLEncoding.EncodeToString(name)
}

func (d *decoder) position(logs int) Position {
	p := Position{After: d.time(), Seen: Seen{}}
	for len(d.rest) > 0 && !d.bad {
		m := Mark{Writer: d.writer()}
		n := d.number(math.MaxUint64)
		last := d.number(4*maxMessages + 3)
		m.Log = int(last & 1)
		p.Seen[m] = Progress{N: n, Messages: int(last >> 2), Partly: last&2 != 0}
		if m.Log >= logs || len(p.Seen) > maxMarks {
			d.bad = true
		}
	}
	return p
}

func (d *decoder) event() (e Entry, message int) {
	e.At, e.Writer, e.N = d.time(), d.writer(), d.number(math.MaxUint64)
	message = int(d.number(maxMessages))
	if len(d.rest) > 0 {
		d.bad = true
	}
	return e, message
}

package apigateway

import (
	"bufio"
	"io"
	"slices"
	"unicode/utf8"
)

// reader turns a client's frames into text messages and keeps AWS's limits.
type reader struct {
	br                   *bufio.Reader
	maxFrame, maxMessage int
	onPing               func(payload []byte)

	message []byte // of the frames so far
	partial bool   // a message has begun and not ended
	unread  uint64 // payload of the frame that broke a rule
}

// peerClosed ends reading: the client sent a close frame.
type peerClosed struct{ closeCause }

// next returns the next text message, which the caller may keep. The error is a
// peerClosed (the client closed), a closeCause (the client broke a rule and is to be
// closed with it), or what the connection said.
func (r *reader) next() ([]byte, error) {
	for {
		h, err := readFrameHeader(r.br)
		if err != nil {
			return nil, err
		}
		if violation := r.check(h); violation != nil {
			r.unread = h.length
			return nil, *violation
		}
		if h.op.control() {
			if err := r.control(h); err != nil {
				return nil, err
			}
			continue
		}
		if err := r.append(h); err != nil {
			return nil, err
		}
		if h.final {
			return r.complete()
		}
	}
}

// check says which rule the frame breaks, before its payload is read.
func (r *reader) check(h frameHeader) *closeCause {
	switch {
	case h.reserved != 0:
		return &closeCause{closeProtocol, "Reserved bit set"}
	case !h.masked:
		return &closeCause{closeProtocol, "Frame is not masked"}
	case h.op.control():
		return checkControl(h)
	case h.op == opBinary:
		return &closeCause{closeUnsupported, "Binary frames are not supported"}
	case h.op != opText && h.op != opContinuation:
		return &closeCause{closeProtocol, "Unknown opcode"}
	case (h.op == opContinuation) != r.partial:
		return &closeCause{closeProtocol, "Fragments out of order"}
	case h.length > uint64(r.maxFrame):
		return &closeCause{closeTooBig, "Frame too long"}
	case uint64(len(r.message))+h.length > uint64(r.maxMessage):
		return &closeCause{closeTooBig, "Message too long"}
	}
	return nil
}

func checkControl(h frameHeader) *closeCause {
	switch {
	case h.op != opClose && h.op != opPing && h.op != opPong:
		return &closeCause{closeProtocol, "Unknown opcode"}
	case !h.final:
		return &closeCause{closeProtocol, "Control frame is fragmented"}
	case h.length > maxControl:
		return &closeCause{closeProtocol, "Control frame too long"}
	}
	return nil
}

func (r *reader) control(h frameHeader) error {
	var buf [maxControl]byte
	payload := buf[:h.length]
	if _, err := io.ReadFull(r.br, payload); err != nil {
		return err
	}
	unmask(payload, h.mask)
	switch h.op {
	case opPing:
		r.onPing(payload)
	case opClose:
		cause, violation := parseClose(payload)
		if violation != nil {
			return *violation
		}
		return peerClosed{cause}
	}
	return nil
}

// append reads a data frame's payload. The header's length is within the limits, so
// a client cannot make us reserve more than it may send.
func (r *reader) append(h frameHeader) error {
	start := len(r.message)
	r.message = slices.Grow(r.message, int(h.length))[:start+int(h.length)]
	if _, err := io.ReadFull(r.br, r.message[start:]); err != nil {
		return err
	}
	unmask(r.message[start:], h.mask)
	r.partial = !h.final
	return nil
}

func (r *reader) complete() ([]byte, error) {
	message := r.message
	r.message = nil
	if !utf8.Valid(message) {
		return nil, closeCause{closeInvalidText, "Message is not UTF-8"}
	}
	return message, nil
}

// awaitClose throws away what the client still sends until its close frame arrives or
// the connection ends. Closing at once instead would make the kernel reset the
// connection, and the client would never read why.
func (r *reader) awaitClose() {
	for {
		if _, err := io.CopyN(io.Discard, r.br, int64(min(r.unread, 1<<62))); err != nil {
			return
		}
		h, err := readFrameHeader(r.br)
		if err != nil || h.op == opClose {
			return
		}
		r.unread = h.length
	}
}

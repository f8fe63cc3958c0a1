package apigateway

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"
)

// opcode is a frame's kind. https://www.rfc-editor.org/rfc/rfc6455#section-5.2
type opcode byte

const (
	opContinuation opcode = 0x0
	opText         opcode = 0x1
	opBinary       opcode = 0x2
	opClose        opcode = 0x8
	opPing         opcode = 0x9
	opPong         opcode = 0xA
)

func (o opcode) control() bool { return o&0x8 != 0 }

// maxControl is the longest payload of a control frame.
const maxControl = 125

// frameHeader is a frame without its payload.
type frameHeader struct {
	final    bool
	reserved byte
	op       opcode
	masked   bool
	mask     [4]byte
	length   uint64
}

// readFrameHeader reads two to fourteen bytes. A stream that ends between two frames
// is io.EOF, one that ends inside a header io.ErrUnexpectedEOF.
func readFrameHeader(r *bufio.Reader) (frameHeader, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:2]); err != nil {
		return frameHeader{}, err
	}
	h := frameHeader{
		final: b[0]&0x80 != 0, reserved: b[0] & 0x70, op: opcode(b[0] & 0x0f),
		masked: b[1]&0x80 != 0, length: uint64(b[1] & 0x7f),
	}
	var err error
	switch h.length {
	case 126:
		_, err = io.ReadFull(r, b[:2])
		h.length = uint64(binary.BigEndian.Uint16(b[:2]))
	case 127:
		_, err = io.ReadFull(r, b[:8])
		h.length = binary.BigEndian.Uint64(b[:8])
	}
	if err == nil && h.masked {
		_, err = io.ReadFull(r, h.mask[:])
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return h, err
}

// unmask undoes the client's masking of a payload in place.
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func unmask(payload []byte, mask [4]byte) {
	word := binary.LittleEndian.Uint32(mask[:])
	wide := uint64(word) | uint64(word)<<32
	for len(payload) >= 8 {
		binary.LittleEndian.PutUint64(payload, binary.LittleEndian.Uint64(payload)^wide)
		payload = payload[8:]
	}
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
}

// appendFrame appends one unmasked frame, as servers send them.
func appendFrame(dst []byte, op opcode, final bool, payload []byte) []byte {
	first := byte(op)
	if final {
		first |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, first, byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
	}
	return append(dst, payload...)
}

// appendText appends a text message in frames of at most maxFrame bytes each.
func appendText(dst, message []byte, maxFrame int) []byte {
	op := opText
	for len(message) > maxFrame {
		dst = appendFrame(dst, op, false, message[:maxFrame])
		message, op = message[maxFrame:], opContinuation
	}
	return appendFrame(dst, op, true, message)
}

// Close codes. https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
const (
	closeNormal      = 1000
	closeGoingAway   = 1001
	closeProtocol    = 1002
	closeUnsupported = 1003
	closeNoStatus    = 1005 // never on the wire
	closeAbnormal    = 1006 // never on the wire
	closeInvalidText = 1007
	closeTooBig      = 1009
)

// closeCause is why a socket ended, as $disconnect is told it.
type closeCause struct {
	code   int
	reason string
}

// Error makes a cause the error with which reading ends.
func (c closeCause) Error() string { return c.reason }

// appendClose appends a close frame; a code that must not be sent means an empty one.
func appendClose(dst []byte, cause closeCause) []byte {
	if cause.code == closeNoStatus || cause.code == closeAbnormal {
		return appendFrame(dst, opClose, true, nil)
	}
	payload := binary.BigEndian.AppendUint16(nil, uint16(cause.code))
	return appendFrame(dst, opClose, true, append(payload, cause.reason...))
}

// parseClose reads the payload of a client's close frame. violation is what the
// client did wrong, if it did.
func parseClose(payload []byte) (cause closeCause, violation *closeCause) {
	if len(payload) == 0 {
		return closeCause{closeNoStatus, "Client-side close frame status not set"}, nil
	}
	if len(payload) == 1 {
		return closeCause{}, &closeCause{closeProtocol, "Close frame too short"}
	}
	cause = closeCause{int(binary.BigEndian.Uint16(payload)), string(payload[2:])}
	if !sendableCode(cause.code) {
		return cause, &closeCause{closeProtocol, "Invalid close code"}
	}
	if !utf8.ValidString(cause.reason) {
		return cause, &closeCause{closeInvalidText, "Close reason is not UTF-8"}
	}
	return cause, nil
}

func sendableCode(code int) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}

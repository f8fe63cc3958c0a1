package apigateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func newTestReader(stream []byte) *reader {
	return &reader{br: bufio.NewReader(bytes.NewReader(stream)), maxFrame: 32 << 10, maxMessage: 128 << 10, onPing: func([]byte) {}}
}

func TestFramesSurviveTheirEncoding(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 128 << 10} {
		message := strings.Repeat("m", size)
		br := bufio.NewReader(bytes.NewReader(appendText(nil, []byte(message), 32<<10)))
		var got []byte
		for final := false; !final; {
			h, err := readFrameHeader(br)
			if err != nil {
				t.Fatal(size, err)
			}
			if h.length > 32<<10 || (h.op == opText) != (len(got) == 0) {
				t.Fatalf("size %d: frame %+v", size, h)
			}
			payload := make([]byte, h.length)
			if _, err := io.ReadFull(br, payload); err != nil {
				t.Fatal(err)
			}
			got, final = append(got, payload...), h.final
		}
		if string(got) != message {
			t.Errorf("%d bytes came back as %d", size, len(got))
		}
	}
}

func TestAHeaderThatIsCutOffIsNoEndOfStream(t *testing.T) {
	whole := clientFrame(text1, strings.Repeat("x", 70000))
	for cut := 1; cut < 14; cut++ {
		if _, err := readFrameHeader(bufio.NewReader(bytes.NewReader(whole[:cut]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d: %v", cut, err)
		}
	}
	if _, err := readFrameHeader(bufio.NewReader(bytes.NewReader(nil))); !errors.Is(err, io.EOF) {
		t.Errorf("nothing at all: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(clientFrame(text1, "hello"))
	f.Add(append(clientFrame(byte(opText), "a"), clientFrame(fin, "b")...))
	f.Add(clientFrame(fin|byte(opClose), "\x03\xe8bye"))
	f.Add(clientFrame(fin|byte(opPing), "p"))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := newTestReader(stream)
		for total := 0; ; {
			message, err := r.next()
			if err != nil {
				r.awaitClose()
				return
			}
			if total += len(message); total > len(stream) || len(message) > r.maxMessage || !utf8.Valid(message) {
				t.Fatalf("a message of %d bytes out of %d", len(message), len(stream))
			}
		}
	})
}

package apigateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// disconnected waits for the one $disconnect and says what it was told.
func (r *rig) disconnected(t *testing.T) (int, string) {
	t.Helper()
	eventually(t, "$disconnect ran", func() bool { return len(r.fn.seen("DISCONNECT")) > 0 })
	eventually(t, "the connection is forgotten", func() bool { return len(r.List()) == 0 && r.Connections() == 0 })
	if got := len(r.fn.seen("DISCONNECT")); got != 1 {
		t.Errorf("$disconnect ran %d times", got)
	}
	rc := r.fn.seen("DISCONNECT")[0].RequestContext
	return rc.DisconnectStatusCode, *rc.DisconnectReason
}

const (
	fin   = 0x80
	text1 = fin | byte(opText)
)

func TestFramesThatBreakARuleCloseTheSocketWithItsCode(t *testing.T) {
	big := strings.Repeat("x", 32<<10)
	frames := func(list ...[]byte) []byte { return bytes.Join(list, nil) }
	tests := []struct {
		name string
		send []byte
		want int
	}{
		{"one byte more than a frame may have", clientFrame(text1, big+"x"), 1009},
		{"a frame that claims to be endless", []byte{text1, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}, 1009},
		{"a frame with the impossible length bit", []byte{text1, 0xff, 0xff, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}, 1009},
		{"a message of five full frames", frames(clientFrame(byte(opText), big), clientFrame(0, big), clientFrame(0, big), clientFrame(0, big), clientFrame(fin, "x")), 1009},
		{"a binary frame", clientFrame(fin|byte(opBinary), "x"), 1003},
		{"bytes that are no UTF-8", clientFrame(text1, "a\xff"), 1007},
		{"half a character at the end", frames(clientFrame(byte(opText), "\xe2\x82"), clientFrame(fin, "")), 1007},
		{"an unmasked frame", appendFrame(nil, opText, true, []byte("x")), 1002},
		{"a reserved bit", clientFrame(text1|0x40, "x"), 1002},
		{"an unknown data opcode", clientFrame(fin|3, "x"), 1002},
		{"an unknown control opcode", clientFrame(fin|0xb, "x"), 1002},
		{"a continuation of nothing", clientFrame(fin, "x"), 1002},
		{"a message inside a message", frames(clientFrame(byte(opText), "x"), clientFrame(text1, "y")), 1002},
		{"a fragmented ping", clientFrame(byte(opPing), "x"), 1002},
		{"a long ping", clientFrame(fin|byte(opPing), strings.Repeat("x", 126)), 1002},
		{"half a close code", clientFrame(fin|byte(opClose), "\x03"), 1002},
		{"a close code that must not be sent", clientFrame(fin|byte(opClose), "\x03\xed"), 1002},
		{"a close reason that is no UTF-8", clientFrame(fin|byte(opClose), "\x03\xe8\xff"), 1007},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, testAPI(), Options{CloseGrace: 200 * time.Millisecond})
			socket := dialRaw(t, r, "")
			socket.response(t)
			if _, err := socket.Write(tt.send); err != nil {
				t.Fatal(err)
			}
			op, payload := socket.frame(t)
			if op != opClose || len(payload) < 2 || int(payload[0])<<8|int(payload[1]) != tt.want {
				t.Fatalf("got frame %v %q, want close %d", op, payload, tt.want)
			}
			_ = socket.Close()
			if code, _ := r.disconnected(t); code != tt.want {
				t.Errorf("$disconnect was told %d, want %d", code, tt.want)
			}
			if got := len(r.fn.seen("MESSAGE")); got != 0 {
				t.Errorf("%d messages got through", got)
			}
		})
	}
}

func TestTheLargestFramesAndMessagesPass(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	socket := dialRaw(t, r, "")
	socket.response(t)
	quarter := strings.Repeat("é", 16<<10)
	send := [][]byte{clientFrame(byte(opText), quarter), clientFrame(fin|byte(opPing), "alive?"), clientFrame(0, quarter), clientFrame(0, quarter), clientFrame(fin, quarter)}
	if _, err := socket.Write(bytes.Join(send, nil)); err != nil {
		t.Fatal(err)
	}
	if op, payload := socket.frame(t); op != opPong || payload != "alive?" {
		t.Errorf("a ping between fragments got %v %q", op, payload)
	}
	eventually(t, "the message is handled", func() bool { return len(r.fn.seen("MESSAGE")) == 1 })
	if got := *r.fn.seen("MESSAGE")[0].Body; got != strings.Repeat(quarter, 4) {
		t.Errorf("%d bytes arrived", len(got))
	}
}

func TestDisconnectIsToldHowTheClientLeft(t *testing.T) {
	tests := []struct {
		name   string
		leave  func(*rawSocket) error
		code   int
		reason string
		echo   string
	}{
		{"with a code and a reason", func(s *rawSocket) error { return s.send(clientFrame(fin|byte(opClose), "\x0f\xa0bye")) }, 4000, "bye", "\x0f\xa0bye"},
		{"with a code alone", func(s *rawSocket) error { return s.send(clientFrame(fin|byte(opClose), "\x03\xe9")) }, 1001, "", "\x03\xe9"},
		{"without a code", func(s *rawSocket) error { return s.send(clientFrame(fin|byte(opClose), "")) }, 1005, "Client-side close frame status not set", ""},
		{"without a word", func(s *rawSocket) error { return s.Close() }, 1006, "", "-"},
		{"in the middle of a frame", func(s *rawSocket) error {
			return errors.Join(s.send(clientFrame(text1, "hello")[:8]), s.Close())
		}, 1006, "", "-"},
		{"with a reset", func(s *rawSocket) error {
			return errors.Join(s.Conn.(*net.TCPConn).SetLinger(0), s.Close())
		}, 1006, "", "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, testAPI(), Options{})
			socket := dialRaw(t, r, "")
			socket.response(t)
			if err := tt.leave(socket); err != nil {
				t.Fatal(err)
			}
			if tt.echo != "-" {
				if op, payload := socket.frame(t); op != opClose || payload != tt.echo {
					t.Errorf("answered %v %q", op, payload)
				}
			}
			if code, reason := r.disconnected(t); code != tt.code || reason != tt.reason {
				t.Errorf("told %d %q, want %d %q", code, reason, tt.code, tt.reason)
			}
			id := r.fn.seen("CONNECT")[0].RequestContext.ConnectionID
			if w := r.call("POST", id, "x"); w.Code != 410 {
				t.Errorf("a post afterwards: %d", w.Code)
			}
		})
	}
}

func (s *rawSocket) send(frame []byte) error {
	_, err := s.Write(frame)
	return err
}

func TestAHalfOpenSocketEndsByItsIdleTime(t *testing.T) {
	r := newRig(t, testAPI(), Options{IdleTimeout: 20 * time.Millisecond, CloseGrace: 20 * time.Millisecond})
	socket := dialRaw(t, r, "")
	socket.response(t) // and then never a byte: no answer to the close frame either
	if code, reason := r.disconnected(t); code != 1001 || reason != "Going away" {
		t.Errorf("told %d %q", code, reason)
	}
}

func TestShutdownClosesEverySocketAndRunsDisconnectForEach(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	var sockets []*websocket.Conn
	for range 20 {
		sockets = append(sockets, r.dial(t, ""))
	}
	codes := make(chan string)
	for _, ws := range sockets {
		go func() {
			_, _, err := ws.Read(context.Background())
			codes <- fmt.Sprint(websocket.CloseStatus(err))
		}()
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(r.fn.seen("DISCONNECT")); got != len(sockets) || r.Connections() != 0 {
		t.Errorf("$disconnect ran %d times for %d sockets, %d open", got, len(sockets), r.Connections())
	}
	for range sockets {
		if code := <-codes; code != "StatusGoingAway" {
			t.Errorf("closed with %s", code)
		}
	}
	if response := dialRaw(t, r, "").response(t); response.StatusCode != 503 {
		t.Errorf("a handshake afterwards: %d, want 503", response.StatusCode)
	}
}

func TestShutdownDoesNotWaitForever(t *testing.T) {
	r := newRig(t, testAPI(), Options{Invoke: newSlowLambda("CONNECT", "DISCONNECT").invoke})
	ws := r.dial(t, "")
	write(t, ws, "a message whose function never ends")
	eventually(t, "it is being handled", func() bool { return r.Stats().Messages == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
}

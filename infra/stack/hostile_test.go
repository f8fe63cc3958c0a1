package stack_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

const (
	noTag       = `{"error":"Missing tag name parameter","status":400}`
	noList      = `{"error":"Missing list name parameter","status":400}`
	longTag     = `{"error":"Tag name parameter is too long","status":400}`
	longList    = `{"error":"List name parameter is too long","status":400}`
	tooLarge    = `{"error":"Message is too large","status":413}`
	notUnsubbed = `{"error":"Error unsubscribing from channel"}`
)

// messages are what clients may send, and the answer; empty is silence.
var messages = []struct{ name, text, answer string }{
	{"no JSON", `hello`, ""},
	{"nothing", ``, ""},
	{"JSON that is cut", `{"type":"subscribe","stream":"user"`, ""},
	{"JSON and more", `{"type":"subscribe","stream":"user"} {}`, ""},
	{"an array", `[{"type":"subscribe","stream":"user"}]`, ""},
	{"null", `null`, ""},
	{"a number", `7`, ""},
	{"a text", `"subscribe"`, ""},
	{"an empty object", `{}`, ""},
	{"an array of arrays, deep", strings.Repeat("[", 15000), ""},
	{"objects, deep", strings.Repeat(`{"type":`, 1500) + "1" + strings.Repeat("}", 1500), ""},
	{"deep in a field", `{"type":"subscribe","stream":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, unknownName},
	{"a byte order mark", "\ufeff{\"type\":\"subscribe\",\"stream\":\"user\"}", ""},
	{"an unknown type", `{"type":"publish","stream":"user"}`, ""},
	{"a route's own name", `{"type":"$connect"}`, ""},
	{"another route's name", `{"type":"$disconnect"}`, ""},
	{"a type in capitals", `{"type":"SUBSCRIBE","stream":"user"}`, ""},
	{"a type that is null", `{"type":null,"stream":"user"}`, ""},
	{"a type that is a number", `{"type":1,"stream":"user"}`, ""},
	{"a type that is an array", `{"type":["subscribe"],"stream":"user"}`, ""},
	{"a type that is an object", `{"type":{"subscribe":1},"stream":"user"}`, ""},
	{"no stream", `{"type":"subscribe"}`, unknownName},
	{"a stream that is null", `{"type":"subscribe","stream":null}`, unknownName},
	{"a stream that is a number", `{"type":"subscribe","stream":1}`, unknownName},
	{"a stream that is an object", `{"type":"subscribe","stream":{"0":"user"}}`, unknownName},
	{"a stream that is an empty array", `{"type":"subscribe","stream":[]}`, unknownName},
	{"a stream in two arrays", `{"type":"subscribe","stream":[["user"]]}`, unknownName},
	{"an unknown stream", subscribe("user:everything", "", ""), unknownName},
	{"a stream in capitals", subscribe("User", "", ""), unknownName},
	{"a stream with a zero byte", `{"type":"subscribe","stream":"user\u0000"}`, unknownName},
	{"no tag", `{"type":"subscribe","stream":"hashtag"}`, noTag},
	{"an empty tag", `{"type":"subscribe","stream":"hashtag:local","tag":""}`, noTag},
	{"a tag that is null", `{"type":"subscribe","stream":"hashtag","tag":null}`, noTag},
	{"a tag that is true", `{"type":"subscribe","stream":"hashtag","tag":true}`, noTag},
	{"a tag that is an array", `{"type":"subscribe","stream":"hashtag","tag":["cats"]}`, noTag},
	{"a tag that is an object", `{"type":"subscribe","stream":"hashtag","tag":{}}`, noTag},
	{"a tag that is a number", `{"type":"subscribe","stream":"hashtag","tag":2024}`, ""},
	{"a tag of emoji", subscribe("hashtag", "🦊🦊", ""), ""},
	{"a tag of odd characters", `{"type":"subscribe","stream":"hashtag","tag":"a\u0000#$.:\ud800"}`, ""},
	{"a tag of 10,000 characters", subscribe("hashtag", strings.Repeat("a", 10000), ""), longTag},
	{"no list", `{"type":"subscribe","stream":"list"}`, noList},
	{"a list that is an object", `{"type":"subscribe","stream":"list","list":{}}`, noList},
	{"a list that is nobody's", subscribe("list", "", "0"), listRefused},
	{"a list of 1,000 characters", subscribe("list", "", strings.Repeat("1", 1000)), longList},
	{"a message of 16 KB and a byte", `{"type":"` + strings.Repeat("x", 16384-10) + `"}`, tooLarge},
	{"a message of 16 KB", `{"type":"` + strings.Repeat("x", 16384-11) + `"}`, ""},
	{"an unsubscribe of nothing", `{"type":"unsubscribe"}`, notUnsubbed},
	{"an unsubscribe of an unknown stream", message("unsubscribe", "x", "", ""), notUnsubbed},
	{"an unsubscribe of what is not subscribed", message("unsubscribe", "direct", "", ""), ""},
	{"an unsubscribe of a tag of 10,000 characters", message("unsubscribe", "hashtag", strings.Repeat("a", 10000), ""), ""},
	{"unknown fields", `{"type":"subscribe","stream":"direct","x":{},"list":[],"tag":7}`, ""},
	{"a stream in an array", `{"type":"subscribe","stream":["direct",1]}`, ""},
	{"fields twice", `{"type":"publish","type":"subscribe","stream":"x","stream":"direct"}`, ""},
}

func TestEveryMessageHasItsAnswerAndLeavesTheSocketUsable(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	for place, dial := range map[string]func(token string) *socket{
		"edge": func(token string) *socket { return w.dial(t, token, "") },
		"API":  func(token string) *socket { return w.dialAPI(t, token) },
	} {
		account, token, _ := w.member(t)
		s := dial(token)
		id := w.connections(t, account)[0]
		for n, m := range messages {
			s.send(m.text)
			w.handled(t, id, n+1)
			w.post(t, id, "end of "+m.name)
			var got []string
			for f := s.next(); f != "end of "+m.name; f = s.next() {
				got = append(got, f)
			}
			if answer := strings.Join(got, "\n"); answer != m.answer {
				t.Errorf("%s, %s: %q, want %q", place, m.name, answer, m.answer)
			}
		}
		s.send(subscribe("user", "", ""))
		w.handled(t, id, len(messages)+1)
		w.content(t, note(account, "still here", account))
		s.expect(frame("", "still here", "user"))
	}
}

// dialAPI opens a socket at API Gateway itself.
func (w *world) dialAPI(t *testing.T, token string) *socket {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), w.WebSocket, &websocket.DialOptions{HTTPHeader: bearer(token), HTTPClient: w.http})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return &socket{t, conn}
}

func TestADuplicateSubscribeCountsOnceAndKeepsTheFirstSpelling(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=hashtag&tag=Caf%C3%A9"+account)
	for _, tag := range []string{"Café", "cafe", "#CAFÉ"} {
		s.send(subscribe("hashtag", tag+account, ""))
	}
	w.handled(t, w.connections(t, account)[0], 3)
	topic := []any{row{"stream": "hashtag", "tag": "cafe" + account}}
	for _, event := range []string{"one", "two"} {
		w.content(t, row{"owner": account, "id": "broadcast#" + event, "kind": "broadcast", "event": event, "payload": "", "topics": topic})
	}
	s.expect(frame("", "one", "hashtag", "Café"+account), frame("", "two", "hashtag", "Café"+account))
}

func TestFramesThatBreakARuleCloseTheSocketAsAPIGatewayDoes(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	_, token, _ := w.member(t)
	for name, c := range map[string]struct {
		kind   websocket.MessageType
		pieces []int
		code   websocket.StatusCode
	}{
		"binary":              {websocket.MessageBinary, []int{3}, websocket.StatusUnsupportedData},
		"a frame over 32 KB":  {websocket.MessageText, []int{32769}, websocket.StatusMessageTooBig},
		"128 KB and one byte": {websocket.MessageText, []int{32768, 32768, 32768, 32768, 1}, websocket.StatusMessageTooBig},
	} {
		s := w.dial(t, token, "")
		s.sendPieces(c.kind, c.pieces...)
		if got := s.closed(); got != c.code {
			t.Errorf("%s: closed with %d, want %d", name, got, c.code)
		}
	}
	whole := w.dial(t, token, "")
	whole.sendPieces(websocket.MessageText, 32768, 32768, 32768, 32768)
	whole.expect(tooLarge) // 128 KB arrive, and are more than the function takes
	whole.send(subscribe("x", "", ""))
	whole.expect(unknownName)
	if err := whole.conn.Write(t.Context(), websocket.MessageText, []byte("\xff")); err != nil {
		t.Fatal(err)
	}
	if got := whole.closed(); got != websocket.StatusInvalidFramePayloadData {
		t.Errorf("text that is no UTF-8: closed with %d", got)
	}
}

// sendPieces sends one message in frames of these sizes. The server may close before it is done.
func (s *socket) sendPieces(kind websocket.MessageType, sizes ...int) {
	s.t.Helper()
	writer, err := s.conn.Writer(s.t.Context(), kind)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, size := range sizes {
		if _, err := writer.Write([]byte(strings.Repeat("x", size))); err != nil {
			return
		}
	}
	writer.Close()
}

func TestOddTokensAreRefusedAndNothingElse(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	for _, token := range []string{"\x00", "\xff\xfe", "🦊", "a b", "'; --", "%", "account#1", "token#x", strings.Repeat("x", 4000), "Bearer ", "\n"} {
		if got := w.status(t, url.Values{"access_token": {token}, "stream": {"user"}}.Encode(), nil); got != http.StatusUnauthorized {
			t.Errorf("token %.20q in the query: %d", token, got)
		}
	}
	for _, token := range []string{"\xff\xfe", "🦊", "Bearer", "Bearer ", "bearer x", "Basic YTpi", strings.Repeat("x", 4000)} {
		if got := w.status(t, "", http.Header{"Authorization": {token}}); got != http.StatusUnauthorized {
			t.Errorf("token %.20q in the header: %d", token, got)
		}
	}
}

func TestStreamsOfTheURLThatAreWrongAreAnsweredOnTheOpenSocket(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	for query, answer := range map[string]string{
		"stream=x":                 unknownName,
		"stream=hashtag":           noTag,
		"stream=hashtag&tag=":      noTag,
		"stream=list":              noList,
		"stream=list&list=0":       listRefused,
		"stream=%00%ff":            unknownName,
		"stream=x&stream=user":     unknownName,
		"stream=list&list=%2e%2e/": listRefused,
		"stream=hashtag&tag=" + strings.Repeat("a", 4000): longTag,
	} {
		account, token, list := w.member(t)
		s := w.dial(t, token, query)
		s.expect(answer)
		id := w.connections(t, account)[0]
		s.send(subscribe("list", "", list))
		s.send(subscribe("y", "", ""))
		s.expect(unknownName)
		s.conn.CloseNow()
		// $disconnect may have overtaken the subscribe: what that leaves goes with the next event.
		w.handled(t, id, 2)
		eventually(t, "$disconnect has run", func() bool { return len(w.connections(t, account)) == 0 })
		w.content(t, row{"owner": account, "id": "broadcast#1", "kind": "broadcast", "event": "e", "payload": "",
			"topics": []any{row{"stream": "list", "list": list}}})
		w.forgotten(t, account)
	}
}

// forgotten waits until nothing of the account is left in Connections.
func (w *world) forgotten(t *testing.T, account string) {
	t.Helper()
	eventually(t, "the account has no rows", func() bool {
		for _, item := range w.scan(t, "Connections") {
			if item["a"] != nil && *text(item["a"]) == account {
				return false
			}
		}
		return len(w.connections(t, account)) == 0
	})
}

// leavings are the ways in which a client can leave before it has its socket.
var leavings = map[string]func(c *net.TCPConn) error{
	"at once": func(c *net.TCPConn) error { return c.Close() },
	"with a reset": func(c *net.TCPConn) error {
		return errors.Join(c.SetLinger(0), c.Close())
	},
	"after the answer": func(c *net.TCPConn) error {
		_, err := http.ReadResponse(bufio.NewReader(c), nil)
		return errors.Join(err, c.Close())
	},
}

func TestAClientThatLeavesMidHandshakeLeavesNothingBehind(t *testing.T) {
	w := theStack(t)
	var accounts []string
	for name, leave := range leavings {
		for _, base := range []string{w.Edge + streaming, strings.Replace(w.WebSocket, "ws", "http", 1)} {
			account, token, _ := w.member(t)
			accounts = append(accounts, account)
			if err := leave(knock(t, base, token)); err != nil {
				t.Fatalf("%s at %s: %v", name, base, err)
			}
		}
	}
	// Requests are read in no order, so another client's whole life gives them time to be.
	account, token, _ := w.member(t)
	w.dial(t, token, "stream=public").conn.CloseNow()
	for _, each := range append(accounts, account) {
		w.forgotten(t, each)
	}
	eventually(t, "every $connect has its $disconnect", func() bool {
		counts := map[string]int{}
		for _, i := range w.Invocations() {
			if i.Function == "ConnectFunction" && i.Result[:3] == "200" || i.Function == "DisconnectFunction" {
				counts[i.Connection]++
			}
		}
		for _, n := range counts {
			if n == 1 {
				return false
			}
		}
		return true
	})
	for _, each := range accounts {
		w.forgotten(t, each)
	}
}

// knock sends a handshake and reads no answer.
func knock(t *testing.T, base, token string) *net.TCPConn {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(c, fmt.Sprintf("GET %s?stream=public&access_token=%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", u.Path, token, u.Host))
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

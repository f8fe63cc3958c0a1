package pusher_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

const pong = `{"event":"pusher:pong","data":{}}`

func TestPingIsAnsweredAndBothAreHeard(t *testing.T) {
	w := opened(t)
	for i, body := range []string{`{"event":"pusher:ping"}`, `{"event":"pusher:ping","data":{}}`, `{"event":"pusher:ping","data":"{}"}`, `{"event":"pusher:pong","data":{}}`} {
		w.send(body, 10*i)
		if got := w.store.LastHeard(conn).Sub(conn.ConnectedAt); got != time.Duration(10*i)*time.Millisecond {
			t.Errorf("%s: heard at %v", body, got)
		}
	}
	w.answered(t, pong, pong, pong)
	w.logged(t, 0, "INFO")
	if got := string(pusher.Ping()); got != `{"event":"pusher:ping","data":{}}` {
		t.Error(got)
	}
}

func TestPingIsAnsweredWhenStorageIsDown(t *testing.T) {
	w := opened(t)
	w.store.err = errBroken
	w.send(`{"event":"pusher:ping"}`, 10)
	w.answered(t, pong)
	w.send(`{"event":"pusher:pong"}`, 10)
	w.answered(t)
	w.logged(t, 2, "ERROR", errBroken.Error())
}

func TestConnectionsOfNoAppAreIgnored(t *testing.T) {
	w := newWorld()
	for _, body := range []string{
		`{"event":"pusher:ping"}`, `{"event":"pusher:pong"}`, subscribe("room", ""), `{"event":"pusher:unsubscribe","data":{"channel":"room"}}`,
		signIn(`{"id":"7"}`), `{"event":"client-x","channel":"private-room","data":{}}`,
	} {
		w.send(body, 10)
	}
	w.answered(t)
	w.happened(t)
	w.logged(t, 6, "INFO", "message ignored")
}

func TestNobodyUsesAnAppThatIsDisabledOrGone(t *testing.T) {
	for code, change := range map[string]func(*pusher.App){
		`4003,"message":"Application disabled`:       func(a *pusher.App) { a.Enabled = false },
		`4001,"message":"Application does not exist`: func(a *pusher.App) { a.ID = "gone" },
	} {
		w := opened(t, change)
		w.send(subscribe("room", ""), 10)
		w.refusedAs(t, "room", "AuthError", 403, "Application ")
		for _, body := range []string{signIn(`{"id":"7"}`), `{"event":"client-x","channel":"private-room","data":{}}`} {
			w.send(body, 10)
			w.answered(t, `{"event":"pusher:error","data":{"code":`+code+`"}}`)
		}
		w.logged(t, 3, "INFO", "app")
	}
}

func TestStorageThatFailsIsSaidWithoutAReason(t *testing.T) {
	w := opened(t)
	w.store.err = errBroken
	w.send(subscribe("room", ""), 10)
	w.send(signIn(`{"id":"7"}`), 10)
	w.send(`{"event":"client-x","channel":"private-room","data":{}}`, 10)
	w.send(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 10)
	w.answered(t, failed("room", "ServerError", "An unexpected error occurred", 500), unexpected, unexpected, unexpected)
	w.logged(t, 4, "ERROR", errBroken.Error())
}

func TestStorageThatHangsIsAnsweredBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := opened(t)
		w.store.hangs = true
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		w.messages().Receive(ctx, pusher.Incoming{Connection: conn, Body: subscribe("room", "")}, w.logger())
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %v", took)
		}
		w.answered(t, failed("room", "ServerError", "An unexpected error occurred", 500))
		w.logged(t, 1, "ERROR", "deadline")
	})
}

func TestAMessageOverTheLimitIsAnsweredUnread(t *testing.T) {
	w := opened(t)
	body := subscribe("room", "")
	w.send(body+strings.Repeat(" ", 131_073-len(body)), 10)
	w.answered(t, refusedEvent("null", "Message is too large"))
	w.logged(t, 1, "INFO", "too large")
	w.send(body+strings.Repeat(" ", 131_072-len(body)), 20)
	w.answered(t, succeeded("room"))
}

func TestAMessageThatIsTooLongOfNoAppsConnectionIsIgnored(t *testing.T) {
	w := newWorld()
	w.send(strings.Repeat(" ", 131_073), 10)
	w.answered(t)
}

func TestAnAnswerThatIsNotDeliveredIsLoggedUnlessTheClientLeft(t *testing.T) {
	for err, lines := range map[error]int{stream.ErrGone: 0, stream.ErrUnavailable: 1} {
		w := opened(t)
		w.said.err = err
		w.send(`{"event":"pusher:ping"}`, 10)
		w.logged(t, lines, "ERROR", "answer not delivered")
	}
}

// notMessages are ignored.
var notMessages = []string{
	"", " ", "null", "[]", "7", `"pusher:ping"`, "{", `{"event":"pusher:ping"`, `{}`, `{"event":null}`, `{"event":7}`, `{"event":["pusher:ping"]}`,
	`{"event":{"a":1}}`, `{"event":""}`, `{"event":"pusher:unknown"}`, `{"event":"pusher:connection_established","data":"{}"}`,
	`{"event":"pusher_internal:subscription_succeeded","channel":"room"}`, `{"event":"PUSHER:PING"}`, `{"EVENT":"pusher:ping"}`, `{"event":"message","channel":"private-x","data":{}}`,
	`{"event":"pusher:ping","event":"x"}`, `{"type":"subscribe","stream":"user"}`, `{"event":"` + "\xff" + `"}`, `{"event":"\ud800"}`,
	strings.Repeat("[", 100_000), `{"event":` + strings.Repeat("[", 60_000) + strings.Repeat("]", 60_000) + `}`, strings.Repeat(" ", 131_072),
}

func TestWhatIsNoMessageTouchesNothing(t *testing.T) {
	w := newWorld()
	w.store.err = errBroken
	for _, body := range notMessages {
		w.send(body, 10)
	}
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestTheDataOfAnEventMayBeAString(t *testing.T) {
	w := opened(t)
	inner, _ := json.Marshal(`{"channel":"room"}`)
	w.send(`{"event":"pusher:subscribe","data":`+string(inner)+`}`, 10)
	w.answered(t, succeeded("room"))
}

func TestOddDataHasAnAnswer(t *testing.T) {
	w := opened(t)
	bad := refusedEvent("null", "Invalid channel name: ")
	for i, data := range []string{`{}`, `null`, `7`, `[]`, `"x"`, `"null"`, `{"channel":7}`, `{"channel":null}`, `{"channel":["room"]}`, `{"Channel":"room"}`} {
		w.send(`{"event":"pusher:subscribe","data":`+data+`}`, i)
		w.answered(t, bad)
	}
	w.send(`{"event":"pusher:subscribe"}`, 20)
	w.answered(t, bad)
	w.send(`{"event":"pusher:subscribe","data":{"channel":"private-x","auth":{"a":1},"channel_data":7}}`, 20)
	w.answered(t, failed("private-x", "AuthError", "Auth info required to subscribe to private-x", 401))
	w.send(`{"event":"pusher:subscribe","data":{"channel":"a","channel":"room","auth":null,"channel_data":null}}`, 30)
	w.answered(t, succeeded("room"))
}

func TestWhichProtocolAMessageSpeaks(t *testing.T) {
	for body, want := range map[string]bool{
		`{"event":"pusher:ping"}`: true, `{"event":"pusher:subscribe","data":{},"type":"subscribe"}`: true, `{"event":"client-x","type":1}`: true,
		`{"event":"anything"}`: true, `{"event":""}`: true, `{"event":"anything","type":"subscribe"}`: false, `{"type":"subscribe","stream":"user"}`: false,
		`{"event":7}`: false, `{"event":null,"type":"subscribe"}`: false, `[]`: false, `null`: false, ``: false, `{"event":"pusher:ping"`: false,
	} {
		if pusher.Speaks(body) != want {
			t.Errorf("%s: not %v", body, want)
		}
	}
}

// FuzzEveryMessageHasAProperAnswer: whatever a client sends, the answers are frames of the protocol,
// nobody subscribes to what needs a signature, and nothing fails.
func FuzzEveryMessageHasAProperAnswer(f *testing.F) {
	for _, seed := range notMessages[:24] {
		f.Add(seed)
	}
	for _, seed := range []string{`{"event":"pusher:ping"}`, subscribe("room", ""), subscribe("private-x", app.Key+":00"), subscribe("presence-x", "a:b", member),
		signInBy(app.Key+":00", `{"id":"7"}`), `{"event":"client-x","channel":"private-x","data":{}}`, `{"event":"pusher:unsubscribe","data":{"channel":"room"}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := opened(t)
		w.send(body, 10)
		for _, frame := range w.said.frames {
			var read struct{ Event string }
			if json.Unmarshal([]byte(frame), &read) != nil || !strings.HasPrefix(read.Event, "pusher") || len(frame) > 128<<10 {
				t.Errorf("%s", frame)
			}
		}
		if len(w.said.frames) > 0 && len(body) <= 131_072 && !pusher.Speaks(body) {
			t.Errorf("what is not of this protocol is answered: %v", w.said.frames)
		}
		s, _ := w.store.Memory.Session(context.Background(), conn)
		for channel := range s.Channels {
			if c := pusher.Channel(channel); c.Private() || pusher.DefaultLimits().CheckChannel(channel) != nil || strings.HasPrefix(channel, "#") {
				t.Errorf("%q is subscribed", channel)
			}
		}
		if s.User.ID != "" || len(w.said.happens) > 1 || strings.Contains(w.log.String(), `"level":"ERROR"`) {
			t.Errorf("%+v %v %s", s.User, w.said.happens, w.log.String())
		}
	})
}

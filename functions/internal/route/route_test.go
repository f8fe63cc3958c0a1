package route_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
)

var conn = stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.UnixMilli(1_701_245_041_123).UTC()}

// event reads an event as API Gateway sends it.
func event(t *testing.T, name string) (e route.Event) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// domain stands for what is behind the routes.
type domain struct {
	err       error
	panics    bool
	hangs     bool
	handshake mastodon.Handshake
	incoming  []mastodon.Incoming
	closed    []stream.Connection
	greeted   []stream.Greeting
	replayed  []stream.Replay
}

func (d *domain) call(ctx context.Context) error {
	if d.panics {
		panic("a fault of the domain")
	}
	if d.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return d.err
}

func (d *domain) Connect(ctx context.Context, h mastodon.Handshake, _ *slog.Logger) error {
	d.handshake = h
	return d.call(ctx)
}

func (d *domain) Receive(ctx context.Context, in mastodon.Incoming, _ *slog.Logger) {
	d.incoming = append(d.incoming, in)
	_ = d.call(ctx)
}

func (d *domain) Close(ctx context.Context, c stream.Connection) error {
	d.closed = append(d.closed, c)
	return d.call(ctx)
}

func (d *domain) Greet(ctx context.Context, g stream.Greeting) error {
	d.greeted = append(d.greeted, g)
	return d.call(ctx)
}

func (d *domain) Run(ctx context.Context, r stream.Replay) error {
	d.replayed = append(d.replayed, r)
	return d.call(ctx)
}

func logger() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

// logged fails unless the log is one line with the words and nothing secret, or empty for none.
func logged(t *testing.T, log *bytes.Buffer, words ...string) {
	t.Helper()
	lines := 0
	if len(words) > 0 {
		lines = 1
	}
	if got := strings.Count(log.String(), "\n"); got != lines {
		t.Errorf("%d lines, want %d:\n%s", got, lines, log)
	}
	for _, word := range words {
		if !strings.Contains(log.String(), word) {
			t.Errorf("no %q in %s", word, log)
		}
	}
	for _, secret := range []string{"s3cret", "subscribe"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q in %s", secret, log)
		}
	}
}

func TestAConnectEventIsAHandshake(t *testing.T) {
	d := &domain{}
	log, lines := logger()
	res, err := route.Connect(d, nil, log)(context.Background(), event(t, "connect"))
	want := mastodon.Handshake{
		Connection:  conn,
		Credentials: mastodon.Credentials{Authorization: "Bearer s3cret", AccessToken: "s3cret-2", Protocols: "s3cret-3,mqtt"},
		Params:      mastodon.Params{Stream: "hashtag", Tag: "Café & co", List: "12"},
	}
	if diff := cmp.Diff(want, d.handshake); diff != "" {
		t.Errorf("handshake (-want +got):\n%s", diff)
	}
	if err != nil || res.StatusCode != 200 || res.Headers["Sec-WebSocket-Protocol"] != "s3cret-3" {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines)
}

func TestAnEventWithoutQueryOrMultiValuesIsAHandshakeToo(t *testing.T) {
	d := &domain{}
	log, _ := logger()
	var e route.Event
	e.Headers = map[string]string{"AUTHORIZATION": "s3cret"}
	res, _ := route.Connect(d, nil, log)(context.Background(), e)
	if d.handshake.Authorization != "s3cret" || d.handshake.Params != (mastodon.Params{}) || len(res.Headers) > 0 {
		t.Errorf("%+v %+v", d.handshake, res)
	}
	e.QueryStringParameters = map[string]string{"access_token": "x", "stream": "user"}
	if _, _ = route.Connect(d, nil, log)(context.Background(), e); d.handshake.AccessToken != "x" || d.handshake.Stream != "user" {
		t.Errorf("%+v", d.handshake)
	}
}

func TestARefusedConnectionIsAStatusAndALine(t *testing.T) {
	for err, want := range map[error]struct {
		status int
		level  string
	}{
		stream.ErrMissingToken:                              {401, "INFO"},
		fmt.Errorf("%w: expired", stream.ErrInvalidToken):   {401, "INFO"},
		fmt.Errorf("%w: suspended", stream.ErrInvalidToken): {401, "INFO"},
		stream.ErrTooManyConnections:                        {429, "INFO"},
		errors.New("table is on fire"):                      {500, "ERROR"},
	} {
		log, lines := logger()
		res, failure := route.Connect(&domain{err: err}, nil, log)(context.Background(), event(t, "connect"))
		if failure != nil || res.StatusCode != want.status || len(res.Headers) > 0 || res.Body != "" {
			t.Errorf("%v: %+v %v", err, res, failure)
		}
		logged(t, lines, `"level":"`+want.level, err.Error(), conn.ID, "JKJaXmPLvHcESHA=", fmt.Sprint(want.status))
	}
}

func TestAMessageEventIsAMessageAndAlways200(t *testing.T) {
	for _, d := range []*domain{{}, {err: stream.ErrUnavailable}} {
		log, lines := logger()
		res, err := route.Message(d, nil, log)(context.Background(), event(t, "message"))
		want := []mastodon.Incoming{{
			Connection: conn, At: time.UnixMilli(1_701_245_043_456).UTC(), Body: `{"type":"subscribe","stream":"user"}`,
		}}
		if diff := cmp.Diff(want, d.incoming); diff != "" || err != nil || res.StatusCode != 200 || res.Body != "" {
			t.Errorf("%+v %v (-want +got):\n%s", res, err, diff)
		}
		logged(t, lines)
	}
}

func TestABodyThatIsNotTextIsIgnored(t *testing.T) {
	d := &domain{}
	log, lines := logger()
	e := event(t, "message")
	e.IsBase64Encoded = true
	if res, err := route.Message(d, nil, log)(context.Background(), e); err != nil || res.StatusCode != 200 || len(d.incoming) > 0 {
		t.Errorf("%+v %v %+v", res, err, d.incoming)
	}
	logged(t, lines)
}

func TestADisconnectEventClosesTheConnection(t *testing.T) {
	d := &domain{}
	log, lines := logger()
	res, err := route.Disconnect(d, nil, log)(context.Background(), event(t, "disconnect"))
	if diff := cmp.Diff([]stream.Connection{conn}, d.closed); diff != "" || err != nil || res.StatusCode != 200 {
		t.Errorf("%+v %v (-want +got):\n%s", res, err, diff)
	}
	logged(t, lines)
	d.err = errors.New("table is on fire")
	if res, err := route.Disconnect(d, nil, log)(context.Background(), event(t, "disconnect")); err != nil || res.StatusCode != 500 {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines, "ERROR", "table is on fire", conn.ID)
}

func TestAPanicIsAStatusAndALine(t *testing.T) {
	log, lines := logger()
	for status, h := range map[int][]route.Handler{
		500: {route.Connect(&domain{panics: true}, nil, log), route.Disconnect(&domain{panics: true}, nil, log)},
		200: {route.Message(&domain{panics: true}, nil, log)},
	} {
		for _, handler := range h {
			lines.Reset()
			if res, err := handler(context.Background(), event(t, "disconnect")); err != nil || res.StatusCode != status {
				t.Errorf("%+v %v, want %d", res, err, status)
			}
			logged(t, lines, "ERROR", "panic", "a fault of the domain", conn.ID)
		}
	}
	lines.Reset()
	if err := route.Greet(&domain{panics: true}, log)(context.Background(), stream.Greeting{Connection: conn}); err == nil {
		t.Error("the greeting counts as delivered")
	}
	logged(t, lines, "ERROR", "panic", conn.ID)
}

func TestStorageThatHangsIsAnsweredBeforeTheDeadline(t *testing.T) {
	log, _ := logger()
	for _, handler := range []route.Handler{route.Connect(&domain{hangs: true}, nil, log), route.Disconnect(&domain{hangs: true}, nil, log)} {
		e := event(t, "connect")
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			start := time.Now()
			if res, err := handler(ctx, e); err != nil || res.StatusCode != 500 || time.Since(start) != 9*time.Second {
				t.Errorf("%+v %v after %v", res, err, time.Since(start))
			}
		})
	}
}

func TestGreetFailsIfTheServiceIsAtFault(t *testing.T) {
	for err, words := range map[error][]string{
		nil:                      nil,
		stream.ErrGone:           {"INFO", "gone", conn.ID, "req-1"},
		stream.ErrTooLate:        {"INFO", "run out", conn.ID, "req-1"},
		stream.ErrUnavailable:    {"ERROR", "unavailable", conn.ID, "req-1"},
		context.DeadlineExceeded: {"ERROR", "deadline", conn.ID},
	} {
		d := &domain{err: err}
		log, lines := logger()
		ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "req-1"})
		sent := stream.Greeting{Connection: conn, Frames: []string{`{"error":"s3cret"}`}}
		body, _ := json.Marshal(sent)
		fails := err != nil && !errors.Is(err, stream.ErrGone) && !errors.Is(err, stream.ErrTooLate)
		if _, err := lambda.NewHandler(route.Greet(d, log)).Invoke(ctx, body); (err != nil) != fails {
			t.Errorf("got %v, fails: %v", err, fails)
		}
		if diff := cmp.Diff([]stream.Greeting{sent}, d.greeted); diff != "" {
			t.Errorf("greeting (-sent +got):\n%s", diff)
		}
		logged(t, lines, words...)
	}
}

func TestOnlyTrueAndOneAskForIDs(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "1": true, "": false, "false": false, "0": false, "True": false, "yes": false, "true ": false} {
		d := &domain{}
		log, _ := logger()
		var e route.Event
		e.QueryStringParameters = map[string]string{"event_ids": value, "last_event_id": "a-_9"}
		if _, _ = route.Connect(d, nil, log)(context.Background(), e); d.handshake.EventIDs != want || d.handshake.LastEventID != "a-_9" {
			t.Errorf("%q: %+v", value, d.handshake)
		}
	}
}

func TestReplayFailsIfTheServiceIsAtFault(t *testing.T) {
	for err, words := range map[error][]string{
		nil:                   nil,
		stream.ErrUnavailable: {"ERROR", "replay not finished", "unavailable", conn.ID, "req-1", `"stream":"hashtag"`, `"account":"1"`},
	} {
		d := &domain{err: err}
		log, lines := logger()
		ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "req-1"})
		sent := stream.Replay{
			Connection: conn, Account: "1", Subscription: stream.Subscription{Stream: stream.Hashtag, Param: "s3cret"},
			Made: conn.ConnectedAt, From: "a-_9", Asked: conn.ConnectedAt,
		}
		body, _ := json.Marshal(sent)
		if _, got := lambda.NewHandler(route.Replay(d, log)).Invoke(ctx, body); (got != nil) != (err != nil) {
			t.Errorf("%v: got %v", err, got)
		}
		if diff := cmp.Diff([]stream.Replay{sent}, d.replayed); diff != "" {
			t.Errorf("replay (-sent +got):\n%s", diff)
		}
		logged(t, lines, words...)
	}
}

func TestAReplayThatPanicsIsRunAgain(t *testing.T) {
	log, lines := logger()
	if err := route.Replay(&domain{panics: true}, log)(context.Background(), stream.Replay{Connection: conn}); err == nil {
		t.Error("the replay counts as done")
	}
	logged(t, lines, "ERROR", "panic", conn.ID)
}

func TestTheAnswerIsTheOneThatAPIGatewayReads(t *testing.T) {
	log, _ := logger()
	body, _ := json.Marshal(event(t, "connect"))
	res, err := lambda.NewHandler(route.Connect(&domain{}, nil, log)).Invoke(context.Background(), body)
	const want = `{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"s3cret-3"},"multiValueHeaders":null,"body":""}`
	if err != nil || string(res) != want {
		t.Errorf("%s %v", res, err)
	}
}

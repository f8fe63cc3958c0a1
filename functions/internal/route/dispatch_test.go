package route_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
)

// channels stands for the Channels protocol behind the routes.
type channels struct {
	domain
	known     bool
	handshake pusher.Handshake
	incoming  []pusher.Incoming
}

func (c *channels) Connect(ctx context.Context, h pusher.Handshake, _ *slog.Logger) error {
	c.handshake = h
	return c.call(ctx)
}

func (c *channels) Receive(ctx context.Context, in pusher.Incoming, _ *slog.Logger) {
	c.incoming = append(c.incoming, in)
	_ = c.call(ctx)
}

func (c *channels) Close(ctx context.Context, conn stream.Connection) (bool, error) {
	return c.known, c.domain.Close(ctx, conn)
}

func TestAHandshakeThatNamesAnAppIsOfChannels(t *testing.T) {
	for query, want := range map[[2]string]pusher.Handshake{
		{"36b8e92a50487f79cbb3", "7"}: {Connection: conn, Key: "36b8e92a50487f79cbb3", Protocol: "7"},
		{"", ""}:                      {Connection: conn},
	} {
		c := &channels{}
		log, lines := logger()
		e := event(t, "connect")
		e.MultiValueQueryStringParameters = map[string][]string{"app": {query[0], "x"}, "protocol": {query[1]}, "stream": {"user"}}
		res, err := route.Connect(&domain{panics: true}, c, log)(context.Background(), e)
		if diff := cmp.Diff(want, c.handshake); diff != "" || err != nil || res.StatusCode != 200 || res.Headers["Sec-WebSocket-Protocol"] != "s3cret-3" {
			t.Errorf("%+v %v (-want +got):\n%s", res, err, diff)
		}
		logged(t, lines)
	}
	c := &channels{domain: domain{err: errors.New("table is on fire")}}
	log, lines := logger()
	var e route.Event
	e.QueryStringParameters = map[string]string{"app": "key"}
	if res, err := route.Connect(nil, c, log)(context.Background(), e); err != nil || res.StatusCode != 500 || c.handshake.Key != "key" {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines, "ERROR", "table is on fire")
}

func TestAHandshakeWithoutAnAppIsOfMastodon(t *testing.T) {
	d := &domain{}
	log, lines := logger()
	if res, err := route.Connect(d, &channels{domain: domain{panics: true}}, log)(context.Background(), event(t, "connect")); err != nil || res.StatusCode != 200 || d.handshake.ID != conn.ID {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines)
}

func TestWithoutMastodonItsHandshakesAreNotFound(t *testing.T) {
	log, lines := logger()
	res, err := route.Connect(nil, &channels{}, log)(context.Background(), event(t, "connect"))
	if err != nil || res.StatusCode != 404 {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines, "INFO", "connection refused", "off", conn.ID)
}

func TestABodySaysWhichProtocolItSpeaks(t *testing.T) {
	for body, ofChannels := range map[string]bool{
		`{"event":"pusher:ping"}`: true, `{"event":"client-x"}`: true, `{"event":"x"}`: true,
		`{"type":"subscribe","stream":"user"}`: false, `{"type":"subscribe","event":"x"}`: false, "": false, "null": false, "{": false,
	} {
		for _, on := range [][2]bool{{true, true}, {true, false}, {false, true}} {
			d, c := &domain{}, &channels{}
			var m route.Receiver
			var ch route.ChannelReceiver
			if on[0] {
				m = d
			}
			if on[1] {
				ch = c
			}
			e := event(t, "message")
			e.Body = body
			log, _ := logger()
			if res, err := route.Message(m, ch, log)(context.Background(), e); err != nil || res.StatusCode != 200 {
				t.Errorf("%+v %v", res, err)
			}
			want := !on[0] || on[1] && ofChannels
			if (len(c.incoming) == 1) != want || (len(d.incoming) == 1) == want {
				t.Errorf("%s, protocols %v: channels %d, mastodon %d", body, on, len(c.incoming), len(d.incoming))
			}
			if want && (c.incoming[0].Body != body || c.incoming[0].ID != conn.ID || c.incoming[0].At.IsZero()) {
				t.Errorf("%+v", c.incoming)
			}
		}
	}
}

func TestAConnectionThatEndsIsClosedByWhoKnowsIt(t *testing.T) {
	for name, tt := range map[string]struct {
		known  bool
		err    error
		status int
		asked  int
	}{
		"an app's":          {true, nil, 200, 0},
		"an app's, failing": {true, errors.New("queue is on fire"), 500, 0},
		"not found out":     {false, errors.New("table is on fire"), 500, 0},
		"Mastodon's":        {false, nil, 200, 1},
	} {
		d, c := &domain{}, &channels{known: tt.known, domain: domain{err: tt.err}}
		log, _ := logger()
		res, err := route.Disconnect(d, c, log)(context.Background(), event(t, "disconnect"))
		if err != nil || res.StatusCode != tt.status || len(c.closed) != 1 || len(d.closed) != tt.asked {
			t.Errorf("%s: %+v %v, mastodon asked %d times", name, res, err, len(d.closed))
		}
	}
	log, lines := logger()
	if res, err := route.Disconnect(nil, &channels{}, log)(context.Background(), event(t, "disconnect")); err != nil || res.StatusCode != 200 {
		t.Errorf("%+v %v", res, err)
	}
	logged(t, lines)
}

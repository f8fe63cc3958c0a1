package mastodon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	invalidToken  = `{"error":"Invalid access token","status":401}`
	noScope       = `{"error":"Access token does not have the required scopes","status":401}`
	unknownStream = `{"error":"Unknown stream type","status":400}`
	missingTag    = `{"error":"Missing tag name parameter","status":400}`
	missingList   = `{"error":"Missing list name parameter","status":400}`
	notOwnList    = `{"error":"Not authorized to stream this list","status":401}`
	broken        = `{"error":"An unexpected error occurred","status":500}`
)

// subscriptionTo is a subscription to the stream that account 1 may have.
func subscriptionTo(n stream.Name) stream.Subscription {
	switch {
	case n.TakesTag():
		return stream.Subscription{Stream: n, Param: "Cats"}
	case n.TakesList():
		return stream.Subscription{Stream: n, Param: "12"}
	}
	return stream.Subscription{Stream: n}
}

func subscribeTo(s stream.Subscription) string {
	return fmt.Sprintf(`{"type":"subscribe","stream":%q,"tag":%q,"list":%q}`, s.Stream, s.Param, s.Param)
}

// TestEveryStreamIsForThoseAlone is the table of the rights: which token hears what.
func TestEveryStreamIsForThoseAlone(t *testing.T) {
	for _, n := range stream.Names() {
		statuses := n != stream.UserNotification
		for token, allowed := range map[string]bool{
			"full": true, "statuses": statuses, "notes": !statuses, "write": false, "bare": false,
		} {
			t.Run(string(n)+"/"+token, func(t *testing.T) {
				w := opened(t, token)
				w.send(subscribeTo(subscriptionTo(n)), 10)
				if w.listens(subscriptionTo(n)) != allowed {
					t.Errorf("listens: %v, want %v", !allowed, allowed)
				}
				if allowed {
					w.answered(t)
					w.logged(t, 0, "INFO")
				} else {
					w.answered(t, noScope)
					w.logged(t, 1, "INFO", "subscribe refused", `"stream":"`+string(n)+`"`, `"account":"1"`)
				}
			})
		}
	}
}

func TestNobodyIsConnectedToAnyStreamWithoutAValidToken(t *testing.T) {
	for _, n := range stream.Names() {
		sub := subscriptionTo(n)
		for name, test := range map[string]struct {
			Credentials
			err error
		}{
			"NoToken": {Credentials{}, stream.ErrMissingToken},
			"Unknown": {Credentials{AccessToken: "unknown"}, stream.ErrInvalidToken},
			"Expired": {Credentials{Authorization: "Bearer expired"}, stream.ErrInvalidToken},
			"Revoked": {Credentials{Protocols: "revoked"}, stream.ErrInvalidToken},
		} {
			t.Run(string(n)+"/"+name, func(t *testing.T) {
				w := newWorld()
				h := Handshake{conn, test.Credentials, Params{Stream: string(n), Tag: sub.Param, List: sub.Param}, false}
				if err := w.connect(h); !errors.Is(err, test.err) || RefusalOf(err).Status != 401 {
					t.Errorf("got %v, want %v", err, test.err)
				}
				if _, err := w.store.Session(context.Background(), conn); !errors.Is(err, stream.ErrNoConnection) || w.listens(sub) {
					t.Error("something was stored")
				}
				w.answered(t)
			})
		}
	}
}

func TestATokenThatRanOutOrWasRevokedWhileTheSocketIsOpenSubscribesToNothing(t *testing.T) {
	for _, n := range stream.Names() {
		sub := subscriptionTo(n)
		expired, revoked := newWorld(), opened(t, "full")
		expired.open(t, time.Now())
		_ = revoked.store.Close(context.Background(), conn)
		for _, w := range []*world{expired, revoked} {
			w.send(subscribeTo(sub), 10)
			w.answered(t, invalidToken)
			w.logged(t, 1, "INFO", string(n), "reason")
			if w.listens(sub) {
				t.Errorf("listens to %v", sub)
			}
		}
	}
}

// open stores a connection whose token runs out at the given time.
func (w *world) open(t *testing.T, expires time.Time) {
	t.Helper()
	g := stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: expires}
	if err := w.store.Open(context.Background(), stream.Session{Connection: conn, Grant: g}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestSubscribeErrorsComeInTheOrderOfAMastodonServer(t *testing.T) {
	long := strings.Repeat("x", 501)
	for body, want := range map[string]string{
		`{"type":"subscribe"}`:                                             unknownStream,
		`{"type":"subscribe","stream":""}`:                                 unknownStream,
		`{"type":"subscribe","stream":"User"}`:                             unknownStream,
		`{"type":"subscribe","stream":"user:media"}`:                       unknownStream,
		`{"type":"subscribe","stream":"public:media:local"}`:               unknownStream,
		`{"type":"subscribe","stream":"kill"}`:                             unknownStream,
		`{"type":"subscribe","stream":"` + long + `"}`:                     unknownStream,
		`{"type":"subscribe","stream":7}`:                                  unknownStream,
		`{"type":"subscribe","stream":"hashtag"}`:                          missingTag,
		`{"type":"subscribe","stream":"hashtag:local","tag":""}`:           missingTag,
		`{"type":"subscribe","stream":"hashtag","list":"12"}`:              missingTag,
		`{"type":"subscribe","stream":"hashtag","tag":["x"]}`:              missingTag,
		`{"type":"subscribe","stream":"list"}`:                             missingList,
		`{"type":"subscribe","stream":"list","list":""}`:                   missingList,
		`{"type":"subscribe","stream":"list","list":{}}`:                   missingList,
		`{"type":"subscribe","stream":"list","list":"99"}`:                 notOwnList,
		`{"type":"subscribe","stream":"list","list":"404"}`:                notOwnList,
		`{"type":"subscribe","stream":"list","list":" 12"}`:                notOwnList,
		`{"type":"subscribe","stream":"list","list":"` + long[:101] + `"}`: `{"error":"List name parameter is too long","status":400}`,
		`{"type":"subscribe","stream":"hashtag","tag":"` + long + `"}`:     `{"error":"Tag name parameter is too long","status":400}`,
		// Few enough characters, but too many bytes for a key.
		`{"type":"subscribe","stream":"hashtag","tag":"` + strings.Repeat("猫", 301) + `"}`: `{"error":"Tag name parameter is too long","status":400}`,
		// One character whose compatibility form has eighteen.
		`{"type":"subscribe","stream":"hashtag","tag":"` + strings.Repeat("\ufdfa", 40) + `"}`: `{"error":"Tag name parameter is too long","status":400}`,
	} {
		w := opened(t, "full")
		w.send(body, 10)
		w.answered(t, want)
		w.logged(t, 1, "INFO", `"account":"1"`)
		if w.log.Len() > 400 {
			t.Errorf("a log line of %d bytes", w.log.Len())
		}
		noRight := opened(t, "write")
		noRight.send(body, 10)
		noRight.answered(t, noScope)
	}
}

func TestAListOfNobodyIsNotTheListOfAnAccountWithoutName(t *testing.T) {
	a := newWorld().authoriser()
	_, err := a.Authorise(context.Background(), stream.Grant{Scopes: stream.Scopes{"read"}}, Params{Stream: "list", List: "404"})
	if !errors.Is(err, stream.ErrNotOwnList) {
		t.Errorf("got %v, want ErrNotOwnList", err)
	}
}

func TestATagIsTakenUpToItsLimitAndOfAnyScript(t *testing.T) {
	for _, tag := range []string{"\U0001f389", "#", "猫", "a b", strings.Repeat("x", 500), strings.Repeat("猫", 300), "Ünïcödé"} {
		w := opened(t, "full")
		w.send(`{"type":"subscribe","stream":"hashtag","tag":"`+tag+`"}`, 10)
		w.answered(t)
		if sub := (stream.Subscription{Stream: stream.Hashtag, Param: tag}); !w.listens(sub) {
			t.Errorf("%.20q is not subscribed", tag)
		}
	}
}

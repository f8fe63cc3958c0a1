package mastodon

import (
	"context"
	"errors"
	"strings"
	"testing"

	"edgestream/functions/internal/stream"
)

func TestAValidTokenConnectsWhateverItsScopes(t *testing.T) {
	for _, token := range []string{"full", "write", "bare"} {
		w := opened(t, token)
		s, err := w.store.Session(context.Background(), conn)
		if err != nil || s.Account != "1" || s.TokenHash != "hash-of-"+token || s.Connection != conn {
			t.Errorf("%s: %+v %v", token, s, err)
		}
		w.answered(t)
		w.logged(t, 0, "INFO")
	}
}

func TestTheStreamOfTheURLIsSubscribedAtOnceAndYoung(t *testing.T) {
	for _, n := range stream.Names() {
		w, sub := newWorld(), subscriptionTo(n)
		h := Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: string(n), Tag: "Cats", List: "12"}, false}
		if err := w.connect(h); err != nil {
			t.Fatal(err)
		}
		all, _ := w.store.Listeners(context.Background(), sub.Topic("1"))
		if len(all) != 1 || all[0].Subscription != sub || all[0].Opened.IsZero() {
			t.Errorf("%s: %+v", n, all)
		}
		w.answered(t)
		w.logged(t, 0, "INFO")
	}
}

func TestAStreamOfTheURLThatIsRefusedLeavesTheSocketOpenAndIsAnsweredInBand(t *testing.T) {
	for name, test := range map[string]struct {
		token string
		Params
		frame string
	}{
		"Scope":   {"write", Params{Stream: "user"}, noScope},
		"Unknown": {"full", Params{Stream: "users"}, unknownStream},
		"Tag":     {"full", Params{Stream: "hashtag", List: "12"}, missingTag},
		"List":    {"full", Params{Stream: "list", Tag: "x"}, missingList},
		"Others":  {"full", Params{Stream: "list", List: "99"}, notOwnList},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if err := w.connect(Handshake{conn, Credentials{AccessToken: test.token}, test.Params, false}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.store.Session(context.Background(), conn); err != nil {
				t.Error(err)
			}
			w.answered(t, test.frame)
			w.logged(t, 1, "INFO", "subscription refused")
		})
	}
}

// brokenLists fails where tokens still work.
type brokenLists struct{}

func (brokenLists) ListOwner(context.Context, string) (string, error) { return "", errBroken }

func TestAListThatCannotBeLookedUpIsAnsweredInBand(t *testing.T) {
	w := newWorld()
	a := Authoriser{Lists: brokenLists{}, MaxTag: 1, MaxList: 10}
	c := Connect{Tokens: w.accounts, Authoriser: a, Connections: w.store, Greeter: &w.posted, Recheck: w.recheck()}
	h := Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: "list", List: "12"}, false}
	if err := c.Connect(context.Background(), h, w.logger()); err != nil {
		t.Fatal(err)
	}
	w.answered(t, broken)
	w.logged(t, 1, "ERROR", errBroken.Error())
}

func TestTooManyConnectionsAreRefusedWith429(t *testing.T) {
	w := newWorld()
	var err error
	for _, id := range []string{"a=", "b=", "c="} {
		err = w.connect(Handshake{Connection: stream.Connection{ID: id}, Credentials: Credentials{AccessToken: "full"}})
	}
	if !errors.Is(err, stream.ErrTooManyConnections) || RefusalOf(err).Status != 429 {
		t.Errorf("got %v", err)
	}
}

func TestStorageThatFailsRefusesTheConnectionWith500(t *testing.T) {
	w := newWorld()
	w.accounts.err = errBroken
	if err := w.connect(Handshake{Connection: conn, Credentials: Credentials{AccessToken: "full"}}); RefusalOf(err).Status != 500 {
		t.Errorf("got %v", err)
	}
}

func TestAClientThatCannotBeToldItsErrorIsTurnedAwayAndForgotten(t *testing.T) {
	w := newWorld()
	w.posted.err = stream.ErrUnavailable
	err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: "nothing"}, false})
	if RefusalOf(err).Status != 500 {
		t.Errorf("got %v", err)
	}
	if _, err := w.store.Session(context.Background(), conn); !errors.Is(err, stream.ErrNoConnection) {
		t.Error("the connection is still stored")
	}
}

func TestAHostileStreamNameDoesNotFloodTheLog(t *testing.T) {
	w := newWorld()
	h := Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: strings.Repeat("\n", 9_000)}, false}
	if err := w.connect(h); err != nil {
		t.Fatal(err)
	}
	if w.logged(t, 1, "INFO"); w.log.Len() > 400 {
		t.Errorf("%d bytes", w.log.Len())
	}
}

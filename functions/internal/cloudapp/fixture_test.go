package cloudapp_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/cloudapptest"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

const (
	base   = "https://stream.example"
	key    = "36b8e92a50487f79cbb3"
	secret = "demo-secret"
)

var errDown = errors.New("the table cannot be read")

// world is a service on fakes.
type world struct {
	cloudapp.Service
	grants   map[string]stream.Grant
	accounts map[string]cloudapp.Account
	apps     map[string]pusher.App
	items    *cloudapptest.Memory
	now      time.Time
	// down has all look-ups fail.
	down bool
}

func newWorld() *world {
	w := &world{
		grants:   map[string]stream.Grant{},
		accounts: map[string]cloudapp.Account{"1": {App: "4072"}, "2": {App: "4072"}, "3": {}},
		apps: map[string]pusher.App{
			"4072":  {ID: "4072", Key: key, Secret: secret, Enabled: true},
			"other": {ID: "other", Key: "otherkey", Secret: "other-secret", Enabled: true},
		},
		items: new(cloudapptest.Memory),
		now:   time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC),
	}
	w.Service = cloudapp.Service{Accounts: w, Apps: w, Items: w.items, Now: func() time.Time { return w.now }}
	return w
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// grant makes a token of the account, with every scope unless some are named.
func (w *world) grant(account, token string, scopes ...string) stream.Grant {
	if scopes == nil {
		scopes = []string{"read", "write"}
	}
	g := stream.Grant{Account: account, Scopes: scopes, TokenHash: hashOf(token)}
	w.grants[g.TokenHash] = g
	return g
}

func (w *world) GrantByHash(_ context.Context, hash string) (stream.Grant, error) {
	if w.down {
		return stream.Grant{}, errDown
	}
	g, ok := w.grants[hash]
	if !ok {
		return stream.Grant{}, fmt.Errorf("%w: unknown", stream.ErrInvalidToken)
	}
	return g, nil
}

func (w *world) Account(_ context.Context, id string) (cloudapp.Account, error) {
	if w.down {
		return cloudapp.Account{}, errDown
	}
	return w.accounts[id], nil
}

func (w *world) App(_ context.Context, id string) (pusher.App, error) {
	if w.down {
		return pusher.App{}, errDown
	}
	app, ok := w.apps[id]
	if !ok {
		return pusher.App{}, pusher.ErrNoApp
	}
	return app, nil
}

func (w *world) AppByKey(context.Context, string) (pusher.App, error) {
	return pusher.App{}, pusher.ErrNoApp
}

// create makes an item and returns its id and payload.
func (w *world) create(t *testing.T, g stream.Grant, body string) (id, payload string) {
	t.Helper()
	text, bad, err := w.Create(t.Context(), g, base, "agent/1", []byte(body))
	if err != nil || bad {
		t.Fatalf("create %s: %s, %v", body, text, err)
	}
	var item struct{ Href string }
	decode(t, text, &item)
	w.now = w.now.Add(time.Second)
	return item.Href[len(base+"/items/"):], string(text)
}

package mastodon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
)

// lagging takes its time to open a connection, during which something happens.
type lagging struct {
	*connectiontest.Memory
	takes     time.Duration
	meanwhile func()
	confirmed int
	broken    error // what a confirmation fails with
}

func (l *lagging) Open(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	err := l.Memory.Open(ctx, s, first)
	l.meanwhile()
	time.Sleep(l.takes)
	return err
}

func (l *lagging) Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	l.confirmed++
	if l.broken != nil {
		return l.broken
	}
	return l.Memory.Confirm(ctx, s, first)
}

func TestAClientThatWasLongInComingIsLookedAtAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		takes   time.Duration
		revoked bool
		looks   int
		want    error
	}{
		"at once":            {time.Second, false, 0, nil},
		"slow":               {slow, false, 1, nil},
		"slow, and revoked":  {slow, true, 1, stream.ErrInvalidToken},
		"longer than anyone": {9 * time.Second, true, 1, stream.ErrInvalidToken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				store := &lagging{Memory: w.store, takes: tt.takes, meanwhile: func() {
					if tt.revoked {
						_ = w.store.Close(context.Background(), conn)
					}
				}}
				c := Connect{Tokens: w.accounts, Authoriser: w.authoriser(), Connections: store, Greeter: &w.posted,
					Recheck: w.recheck(), Resume: w.resume()}
				err := c.Connect(t.Context(), Handshake{Connection: conn, Credentials: Credentials{AccessToken: "full"}}, w.logger())
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || store.confirmed != tt.looks {
					t.Errorf("%v after %d looks, want %v after %d", err, store.confirmed, tt.want, tt.looks)
				}
			})
		})
	}
}

func TestASlowConnectionThatCannotBeLookedAtAgainIsTurnedAwayAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		store := &lagging{Memory: w.store, takes: slow, meanwhile: func() {}, broken: errBroken}
		c := Connect{Tokens: w.accounts, Authoriser: w.authoriser(), Connections: store, Greeter: &w.posted,
			Recheck: w.recheck(), Resume: w.resume()}
		err := c.Connect(t.Context(), Handshake{Connection: conn, Credentials: Credentials{AccessToken: "full"}}, w.logger())
		if RefusalOf(err).Status != 500 {
			t.Errorf("got %v", err)
		}
		if _, err := w.store.Session(t.Context(), conn); !errors.Is(err, stream.ErrNoConnection) {
			t.Error("the connection is still stored")
		}
	})
}

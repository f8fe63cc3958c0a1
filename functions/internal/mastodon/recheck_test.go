package mastodon

import (
	"context"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
)

// viewers is what accounts filter, and the versions that were written.
type viewers struct {
	version string
	read    int
	set     []string
	err     error
}

func (v *viewers) Viewer(context.Context, string) (string, error) {
	v.read++
	return v.version, v.err
}

// mappings is the store together with where versions are written.
type mappings struct {
	*connectiontest.Memory
	viewers *viewers
}

func (m mappings) SetViewer(_ context.Context, account, version string) error {
	m.viewers.set = append(m.viewers.set, account+" "+version)
	return nil
}

func (w *world) recheck() Recheck {
	return Recheck{Lists: w.accounts, Viewers: &w.viewers, Mappings: mappings{w.store, &w.viewers}}
}

// moving is a list that is given away after it was looked up once.
type moving struct{ looked *int }

func (m moving) ListOwner(context.Context, string) (string, error) {
	if *m.looked++; *m.looked > 1 {
		return "2", nil
	}
	return "1", nil
}

func TestAListThatIsGivenAwayWhileItIsSubscribedIsNotHeard(t *testing.T) {
	list := subscriptionTo(stream.List)
	for _, url := range []bool{true, false} {
		w, lists := newWorld(), moving{new(int)}
		recheck, authoriser := w.recheck(), w.authoriser()
		recheck.Lists, authoriser.Lists = lists, lists
		if url {
			c := Connect{w.accounts, authoriser, w.store, recheck, w.resume(), &w.posted}
			h := Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: "list", List: "12"}, true}
			if err := c.Connect(context.Background(), h, w.logger()); err != nil {
				t.Fatal(err)
			}
		} else {
			if err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, Params{}, true}); err != nil {
				t.Fatal(err)
			}
			m := w.messages()
			m.Authoriser, m.Recheck = authoriser, recheck
			in := Incoming{conn, conn.ConnectedAt.Add(time.Second), subscribeTo(list)}
			m.Receive(context.Background(), in, w.logger())
		}
		w.answered(t, notOwnList)
		w.logged(t, 1, "INFO", `"stream":"list"`)
		if w.replays(t); w.listens(list) || *lists.looked != 2 {
			t.Errorf("URL: %v, listens: %v, looked up %d times", url, w.listens(list), *lists.looked)
		}
	}
}

func TestAViewerThatChangesWhileItSubscribesIsMended(t *testing.T) {
	for _, n := range stream.Names() {
		shown := n != stream.Direct && n != stream.UserNotification
		for _, version := range []string{"", "v2"} {
			byURL, byMessage := newWorld(), newWorld()
			byURL.viewers.version, byMessage.viewers.version = version, version
			h := Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: string(n), Tag: "Cats", List: "12"}, false}
			if err := byURL.connect(h); err != nil {
				t.Fatal(err)
			}
			if err := byMessage.connect(Handshake{Connection: conn, Credentials: h.Credentials}); err != nil {
				t.Fatal(err)
			}
			byMessage.send(subscribeTo(subscriptionTo(n)), 10)
			for _, w := range []*world{byURL, byMessage} {
				reads, set := 0, ""
				if shown {
					reads = 1
				}
				if shown && version != "" {
					reads, set = 2, "1 "+version // and whether it is still the one
				}
				if got := strings.Join(w.viewers.set, ","); got != set || w.viewers.read != reads {
					t.Errorf("%s: wrote %q, want %q, after %d reads", n, got, set, w.viewers.read)
				}
				if w.answered(t); !w.listens(subscriptionTo(n)) {
					t.Errorf("%s is not subscribed", n)
				}
			}
		}
	}
}

func TestASubscriptionThatCannotBeRecheckedIsUndone(t *testing.T) {
	user := subscriptionTo(stream.User)
	w := wantsIDs(t, Params{})
	w.viewers.err = errBroken
	w.send(subscribeTo(user), 10)
	w.answered(t, broken)
	if w.replays(t); w.listens(user) {
		t.Error("it is subscribed")
	}
}

// hung is storage that does not answer.
type hung struct{}

func (hung) Viewer(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func TestASubscriptionIsUndoneAlthoughTimeIsUp(t *testing.T) {
	user := subscriptionTo(stream.User)
	w := opened(t, "full")
	m := w.messages()
	m.Recheck.Viewers, m.Margin = hung{}, time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	m.Receive(ctx, Incoming{conn, conn.ConnectedAt.Add(time.Second), subscribeTo(user)}, w.logger())
	if w.answered(t, broken); w.listens(user) {
		t.Error("it is subscribed")
	}
}

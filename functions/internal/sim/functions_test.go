package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/replay"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// The functions are put together as their mains do it.

// jitter is random in the pause and the time, and so the same for all who ask at one moment.
func (a *actor) jitter(d time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, a.seed, a.name, time.Now().UnixNano(), d)
	return time.Duration(h.Sum64() % uint64(max(d, 1)))
}

func (a *actor) log() log { return log{actor: a, memory: a.history} }

func (a *actor) resume() mastodon.Resume {
	positions := history.Resumer{Keeper: table{a}, Log: a.log(), Kept: 15 * time.Minute, Now: a.now}
	return mastodon.Resume{Positions: positions, Replayer: queue{a}}
}

func (a *actor) admits() mastodon.Connect {
	return mastodon.Connect{
		Tokens: tokens{a}, Authoriser: a.authoriser(), Connections: table{a},
		Recheck: mastodon.Recheck{Lists: tokens{a}, Viewers: tokens{a}, Mappings: table{a}},
		Resume:  a.resume(), Greeter: queue{a},
	}
}

func (a *actor) receives() mastodon.Messages {
	return mastodon.Messages{
		Sessions: table{a}, Subscriptions: table{a}, Authoriser: a.authoriser(),
		Recheck: mastodon.Recheck{Lists: tokens{a}, Viewers: tokens{a}, Mappings: table{a}},
		Resume:  a.resume(), MaxBytes: 1 << 10, Margin: time.Second,
		Greeter: greet.Greeter{Poster: api{a}, Closer: api{a}, Patience: 5 * time.Second, Jitter: a.jitter, Now: a.now},
	}
}

func (a *actor) authoriser() mastodon.Authoriser {
	return mastodon.Authoriser{Lists: tokens{a}, MaxTag: 100, MaxList: 100}
}

func (a *actor) greets() greet.Greeter {
	return greet.Greeter{
		Poster: api{a}, Closer: api{a}, Jitter: a.jitter, Now: a.now,
		Young: 5 * time.Second, Patience: 15 * time.Second, MaxWait: 10 * time.Second,
	}
}

func (a *actor) replays() replay.Replayer {
	return replay.Replayer{
		Directory: table{a},
		Reader: func(b history.Bound, p history.Position) replay.Reader {
			return history.NewReader(a.log(), b, p)
		},
		Render: func(_ context.Context, _ stream.Listener, m stream.Message) (stream.Message, bool, error) {
			return m, true, nil
		},
		Encode:  mastodon.FrameID,
		Greeter: greet.Greeter{Poster: api{a}, Young: 5 * time.Second, Patience: 10 * time.Second, Jitter: a.jitter, Now: a.now},
		Closer:  api{a}, Again: queue{a}, Jitter: a.jitter, Now: a.now,
		Margin: 15 * time.Second, Patience: 4 * time.Minute,
	}
}

func (a *actor) sweeps() *sweep.Sweeper {
	return sweep.New(sweep.Config{Table: table{a}, Transport: api{a}, KeepAlive: a.keepAlive, Jitter: a.jitter, Now: a.now})
}

func (a *actor) keepAlive(s stream.Session, sub stream.Subscription) []byte {
	if !s.EventIDs {
		return mastodon.KeepAlive(sub, "")
	}
	bound := history.Bound{Subscription: sub, Account: s.Account}
	return mastodon.KeepAlive(sub, bound.EventID(history.Entry{At: a.now()}, 0))
}

// tokens are the Accounts table as one instance uses it: a token is its account's id.
type tokens struct{ *actor }

func (t tokens) read(ctx context.Context, what string) error {
	return t.do(ctx, operation{class: accountReads, what: what, about: func() mark { return mark{} }, effect: func() error { return nil }})
}

func (t tokens) Grant(ctx context.Context, token string) (stream.Grant, error) {
	return stream.Grant{Account: token, Scopes: stream.Scopes{"read"}}, t.read(ctx, "reads the token of "+token)
}

func (t tokens) ListOwner(ctx context.Context, list string) (string, error) {
	return list[1:], t.read(ctx, "reads whose "+list+" is")
}

// Viewer is of an account that filters nothing.
func (t tokens) Viewer(ctx context.Context, account string) (string, error) {
	return "", t.read(ctx, "reads what "+account+" filters")
}

package sim

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// parts are what the functions of channels are put together from, on one instance.
type parts struct {
	*actor
	rows     *dynamo.Connections
	channels *channeldb.Channels
	apps     *channeldb.Apps
	items    *channeldb.Items
	content  *dynamo.Content
	// What follows is what a mutant may break.
	pulses    sweep.Pulses
	queue     hook.Queue
	poster    publish.Poster
	events    pusher.Events
	members   publish.Members
	cache     publish.Cache
	departure route.ChannelCloser
	// complaints are how often something was logged that did not go well.
	complaints atomic.Int32
}

func (c *channels) parts(kind string) *parts { return c.partsOf(c.actor(kind)) }

func (c *channels) partsOf(a *actor) *parts {
	db := c.db.client(a)
	p := &parts{actor: a, rows: dynamo.NewConnections(db, "Connections", dynamo.Limits{Subscriptions: 100, Connections: 1000})}
	p.channels = channeldb.NewChannels(p.rows, db, "Connections", "Content")
	p.apps, p.items = channeldb.NewApps(db, "Accounts"), channeldb.NewItems(db, "Content")
	p.content, p.pulses = dynamo.NewContent(db, "Content"), channeldb.NewPulses(db, "Connections")
	p.queue, p.poster, p.events, p.cache = hookQueue{a, c}, api{a}, p.channels, p.channels
	departure := pusher.Departure{Connections: p.channels, Apps: p.apps, Events: p.channels, Hooks: p.hooks()}
	p.departure, p.members = departure, channeldb.Members{Channels: p.channels, Departure: departure}
	if c.mutate != nil {
		c.mutate(a, p)
	}
	return p
}

func (p *parts) hooks() hook.Hooks {
	return hook.Hooks{Apps: p.apps, Queue: p.queue, Announced: p.channels}
}

// log counts what is logged that did not go well.
func (p *parts) log() *slog.Logger { return slog.New(complaints{p}) }

type complaints struct{ *parts }

func (c complaints) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (c complaints) WithAttrs([]slog.Attr) slog.Handler               { return c }
func (c complaints) WithGroup(string) slog.Handler                    { return c }
func (c complaints) Handle(context.Context, slog.Record) error {
	c.parts.complaints.Add(1)
	return nil
}

// early is the time of a handler, which keeps a part for its answer.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline()
	return context.WithDeadline(ctx, deadline.Add(-route.Margin))
}

func (p *parts) connect() pusher.Connect {
	return pusher.Connect{Apps: p.apps, Connections: p.channels, Greeter: queue{p.actor}}
}

func (p *parts) messages() pusher.Messages {
	return pusher.Messages{
		Apps: p.apps, Connections: p.channels, Events: p.events, Hooks: p.hooks(), Margin: route.Margin,
		Greeter: greet.Greeter{Poster: p.poster, Closer: api{p.actor}, Patience: 4 * time.Second, Jitter: p.jitter},
		Limits:  pusher.DefaultLimits(), MaxBytes: 16 << 10,
	}
}

func (p *parts) publisher() *publisher {
	writer := history.NewWriter(p.actor.log(), history.WriterConfig{Jitter: p.jitter, Name: namesOf(p.instances["publish"])})
	return &publisher{actor: p.actor, Publisher: publish.New(publish.Config{
		Directory: p.rows, Recorder: writer, Viewers: nobody{}, Poster: p.poster, Greeter: queue{p.actor}, Reporter: reporter{p.actor},
		Encode: encode, Identify: mastodon.WithID, Jitter: p.jitter,
		Members: p.members, Cache: p.cache, Apps: p.apps, Hooks: p.hooks(),
	})}
}

func encode(s stream.Subscription, m stream.Message) []byte { return pusher.Frame(s, m) }

func (p *parts) sweeper() *sweep.Sweeper {
	return sweep.New(sweep.Config{
		Table: p.rows, Transport: api{p.actor}, Jitter: p.jitter,
		KeepAlive: func(stream.Session, stream.Subscription) []byte { return pusher.Ping() },
		Pulses:    p.pulses, Departure: p.departure.(sweep.Departure), Ping: pusher.Ping(),
	})
}

func (p *parts) api() *httpapi.API {
	return &httpapi.API{Apps: p.apps, Events: p.events, Directory: p.channels, Sockets: api{p.actor}, Limits: pusher.DefaultLimits()}
}

func (p *parts) notifier() *hook.Notifier {
	return hook.New(hook.Config{
		Apps: p.apps, Departures: p.channels, Counter: p.channels, Queue: p.queue, Poster: receivers{p.actor},
		Reporter: dropped{p.actor}, Jitter: p.jitter,
	})
}

package channeldb

import (
	"context"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Rows keeps the rows and mappings of connections of apps. Package dynamo's Connections does, and
// describes the methods.
type Rows interface {
	Open(ctx context.Context, s stream.Session, first []stream.Subscription) error
	AppSession(ctx context.Context, c stream.Connection) (pusher.Session, error)
	Claim(ctx context.Context, c stream.Connection, channel pusher.Channel, as pusher.Subscriber, at time.Time) (made time.Time, err error)
	Claimed(ctx context.Context, c stream.Connection, channel pusher.Channel) (as pusher.Subscriber, made time.Time, err error)
	Disclaim(ctx context.Context, c stream.Connection, channel pusher.Channel, made time.Time) error
	Release(ctx context.Context, c stream.Connection, channel pusher.Channel, at time.Time) (as pusher.Subscriber, ended bool, made time.Time, err error)
	MapChannel(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time, on bool) error
	MapAll(ctx context.Context, all []stream.Membership) error
	UnmapAll(ctx context.Context, all []stream.Membership) error
	CountMappings(ctx context.Context, topic stream.Topic, enough int) (int, error)
	SetUser(ctx context.Context, c stream.Connection, u pusher.User) (before pusher.User, err error)
	Leave(ctx context.Context, c stream.Connection) (s pusher.Session, past map[string]pusher.Subscriber, err error)
	End(ctx context.Context, c stream.Connection) error
}

// Channels is what there is of channels: who is subscribed, which are occupied, what is published on
// them. It is safe for concurrent use.
type Channels struct {
	rows                 Rows
	connections, content table.Table
	now                  func() time.Time
}

// NewChannels uses the tables Connections and Content, which have these names.
func NewChannels(rows Rows, client *awscall.Client, connections, content string) *Channels {
	return &Channels{rows: rows, connections: table.New(client, connections), content: table.New(client, content), now: time.Now}
}

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (c *Channels) Meter(report func(table.Units)) {
	c.connections.Meter(report)
	c.content.Meter(report)
}

const (
	// stays is how long what belongs to an open connection is kept after it was written: longer than
	// API Gateway lets a connection live.
	stays = 3 * time.Hour
	// eventFor is how long an event is kept, which is there to be published.
	eventFor = 5 * time.Minute
	// atOnce bounds how many channels of a connection are seen to side by side.
	atOnce = 16
)

// key is a row's in Connections.
func key(pk, sk string) table.Item { return table.Item{{"pk", table.Text(pk)}, {"sk", table.Text(sk)}} }

// contentKey is an item's in Content.
func contentKey(owner, id string) table.Item {
	return table.Item{{"owner", table.Text(owner)}, {"id", table.Text(id)}}
}

// epoch is a time as the time to live has it.
func epoch(at time.Time) table.Value { return table.Number(at.Unix()) }

// over reports whether the row's time to live is over: DynamoDB may keep it for days.
func (c *Channels) over(row table.Item) bool {
	at := table.Seconds(row.Get("expiresAt"))
	return !at.IsZero() && !c.now().Before(at)
}

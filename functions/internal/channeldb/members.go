package channeldb

import (
	"context"
	"time"

	"edgestream/functions/internal/table"
)

// memberFor is how long a member's row is kept: longer than a user stays, who may go from connection to
// connection.
const memberFor = 7 * 24 * time.Hour

// memberKey is the row of a member that webhooks have been told of.
func memberKey(app, channel, user string) table.Item { return key("member#"+app+"#"+channel, user) }

// Known reports whether a user of a presence channel has been announced.
func (c *Channels) Known(ctx context.Context, app, channel, user string) (bool, error) {
	got, err := c.connections.Call(ctx, "GetItem", table.Parameters{"Key": memberKey(app, channel, user), "ConsistentRead": true})
	return err == nil && c.standing(got.Row), err
}

// Announce notes that a user is on a presence channel, and takes the mark of Depart away. It reports
// whether the user had not been announced.
func (c *Channels) Announce(ctx context.Context, app, channel, user string) (announced bool, err error) {
	return c.stand(ctx, memberKey(app, channel, user), memberFor)
}

// Depart removes an announced member's row if the user is not on the channel, and reports whether it
// did.
func (c *Channels) Depart(ctx context.Context, app, channel, user string) (departed bool, err error) {
	return c.fall(ctx, memberKey(app, channel, user), func(ctx context.Context) (bool, error) {
		row, err := c.read(ctx, rosterOf(app, channel))
		return len(connectionsIn(row, user)) > 0, err
	})
}

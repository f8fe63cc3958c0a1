package channeldb

import (
	"context"
	"testing"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/pushertest"
	"edgestream/functions/internal/stream"
)

func TestConnectionsKeepTheirContract(t *testing.T) {
	shared := newWorld(t)
	pushertest.Run(t, func(_ *testing.T, l pushertest.Limits) pushertest.Subject {
		rows := dynamo.NewConnections(shared.client, shared.connections, dynamo.Limits{Subscriptions: l.Subscriptions})
		channels := NewChannels(rows, shared.client, shared.connections, shared.content)
		return pushertest.Subject{
			Connections: channels, Directory: channels,
			Listeners: func(ctx context.Context, t stream.Topic) ([]stream.Listener, error) {
				found, err := rows.Listeners(ctx, []stream.Topic{t})
				return found[t].Listeners, err
			},
		}
	})
}

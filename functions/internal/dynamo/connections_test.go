package dynamo

import (
	"context"
	"testing"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
)

func newConnections(t testing.TB, l Limits) *Connections {
	client, _, name := newTable(t, "pk", "sk")
	return NewConnections(client, name, l)
}

func TestConnectionsKeepTheContract(t *testing.T) {
	client, _, name := newTable(t, "pk", "sk")
	connectiontest.Run(t, func(t *testing.T, l connectiontest.Limits) connectiontest.Subject {
		c := NewConnections(client, name, Limits(l))
		return connectiontest.Subject{Store: c, Audience: c.audience, Cut: func(from int) connectiontest.Wide {
			return connectiontest.Wide{Audience: c.CutFrom(from).audience, Slices: c.Slices()}
		}}
	})
}

func (c *Connections) audience(ctx context.Context, topic stream.Topic) (stream.Audience, error) {
	found, err := c.Listeners(ctx, []stream.Topic{topic})
	return found[topic], err
}

package publishing

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/stream"
)

// withChannels has the publisher see to channels of apps too.
func withChannels(c publish.Config, vars *env.Vars, cfg aws.Config, rows channeldb.Rows) publish.Config {
	db := awsenv.DynamoDB(cfg)
	apps := channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE"))
	channels := channeldb.NewChannels(rows, db, vars.Text("CONNECTIONS_TABLE"), vars.Text("CONTENT_TABLE"))
	hooks := hook.Hooks{Apps: apps, Queue: sqs.NewQueue(vars.Text("HOOK_QUEUE_URL"), cfg), Announced: channels}
	c.Members = channeldb.Members{
		Channels:  channels,
		Departure: pusher.Departure{Connections: channels, Apps: apps, Events: channels, Hooks: hooks},
	}
	c.Cache, c.Apps, c.Hooks = channels, apps, hooks
	c.Encode = encode
	return c
}

// encode writes a message in the protocol of its subscription.
func encode(s stream.Subscription, m stream.Message) []byte {
	if s.Stream == stream.Channel || s.Stream == stream.Watch {
		return pusher.Frame(s, m)
	}
	return mastodon.Frame(s, m)
}

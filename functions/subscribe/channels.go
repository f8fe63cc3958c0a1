package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/sqs"
)

// channelMessages handles messages of the Channels protocol.
func channelMessages(vars *env.Vars, cfg aws.Config, rows channeldb.Rows, answers greet.Greeter) pusher.Messages {
	db := awsenv.DynamoDB(cfg)
	apps := channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE"))
	channels := channeldb.NewChannels(rows, db, vars.Text("CONNECTIONS_TABLE"), vars.Text("CONTENT_TABLE"))
	return pusher.Messages{
		Apps: apps, Connections: channels, Events: channels, Greeter: answers, Margin: route.Margin,
		Hooks:    hook.Hooks{Apps: apps, Queue: sqs.NewQueue(vars.Text("HOOK_QUEUE_URL"), cfg)},
		Limits:   pusher.Limits{Channel: vars.IntOr("MAX_CHANNEL_LENGTH", pusher.DefaultLimits().Channel)},
		MaxBytes: vars.Int("MAX_MESSAGE_BYTES"),
	}
}

package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/sweep"
)

// addChannels adds what connections of apps need.
func addChannels(c *sweep.Config, vars *env.Vars, cfg aws.Config, connections *dynamo.Connections) {
	db, table := awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE")
	apps := channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE"))
	channels := channeldb.NewChannels(connections, db, table, vars.Text("CONTENT_TABLE"))
	hooks := hook.Hooks{Apps: apps, Queue: sqs.NewQueue(vars.Text("HOOK_QUEUE_URL"), cfg)}
	c.Pulses, c.Ping = channeldb.NewPulses(db, table), pusher.Ping()
	c.Departure = pusher.Departure{Connections: channels, Apps: apps, Events: channels, Hooks: hooks}
}

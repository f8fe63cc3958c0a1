// Command disconnect is the function of $disconnect: it removes what a connection holds.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/sqs"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, table := awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE")
	connections := dynamo.NewConnections(db, table, dynamo.Limits{})
	var apps route.ChannelCloser
	if vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") != "mastodon" {
		known := channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE"))
		channels := channeldb.NewChannels(connections, db, table, vars.Text("CONTENT_TABLE"))
		hooks := hook.Hooks{Apps: known, Queue: sqs.NewQueue(vars.Text("HOOK_QUEUE_URL"), cfg)}
		apps = pusher.Departure{Connections: channels, Apps: known, Events: channels, Hooks: hooks}
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Disconnect(connections, apps, log))
}

// Command connect is the function of $connect. It admits clients of Mastodon's protocol whose token is
// valid, and subscribes those that name a stream in the URL; and clients of apps.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db := awsenv.DynamoDB(cfg)
	limits := dynamo.Limits{Subscriptions: vars.Int("MAX_SUBSCRIPTIONS"), Connections: vars.Int("MAX_CONNECTIONS")}
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), limits)
	greeter := lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg)
	protocols := vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher")
	var streams route.Connector
	if protocols != "pusher" {
		streams = admitAccounts(vars, cfg, connections, greeter)
	}
	channels := pusher.Connect{Greeter: greeter}
	if protocols != "mastodon" {
		admitApps(&channels, vars, db, connections)
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Connect(streams, channels, log))
}

// admitApps has clients of apps admitted.
func admitApps(c *pusher.Connect, vars *env.Vars, db *awscall.Client, rows channeldb.Rows) {
	c.Apps = channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE"))
	c.Connections = channeldb.NewChannels(rows, db, vars.Text("CONNECTIONS_TABLE"), vars.Text("CONTENT_TABLE"))
}

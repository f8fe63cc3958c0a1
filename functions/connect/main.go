// Command connect is the function of $connect. It admits clients of Mastodon's protocol whose token is
// valid, and subscribes those that name a stream in the URL; and clients of apps.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
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
	replayer := lambdainvoke.NewReplayer(vars.Text("REPLAY_FUNCTION"), cfg)

	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	positions := history.Resumer{
		Keeper: connections, Log: dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")),
		Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute,
	}
	var streams route.Connector = mastodon.Connect{
		Tokens:      accounts,
		Authoriser:  mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Connections: connections,
		Recheck:     mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: connections},
		Resume:      mastodon.Resume{Positions: positions, Replayer: replayer},
		Greeter:     greeter,
	}
	channels := pusher.Connect{Greeter: greeter}
	switch vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") {
	case "pusher":
		streams = nil
		fallthrough
	case "both":
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

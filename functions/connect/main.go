// Command connect is the function of $connect: it admits clients whose token is valid, and
// subscribes those that name a stream in the URL.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/route"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db := awsenv.DynamoDB(cfg)
	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	limits := dynamo.Limits{Subscriptions: vars.Int("MAX_SUBSCRIPTIONS"), Connections: vars.Int("MAX_CONNECTIONS")}
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), limits)
	positions := history.Resumer{
		Keeper: connections, Log: dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")),
		Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute,
	}
	connect := mastodon.Connect{
		Tokens:      accounts,
		Authoriser:  mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Connections: connections,
		Recheck:     mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: connections},
		Resume:      mastodon.Resume{Positions: positions, Replayer: lambdainvoke.NewReplayer(vars.Text("REPLAY_FUNCTION"), cfg)},
		Greeter:     lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg),
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Connect(connect, log))
}

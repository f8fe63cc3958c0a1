// Command subscribe is the function of every message that a client sends: the routes subscribe,
// unsubscribe and $default.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/route"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db := awsenv.DynamoDB(cfg)
	limits := dynamo.Limits{Subscriptions: vars.Int("MAX_SUBSCRIPTIONS")}
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), limits)
	// The connection is open, as it has just sent something: gone is gone.
	url := vars.Text("CALLBACK_URL")
	answers := greet.Greeter{Poster: apigw.NewClient(url, cfg), Patience: 5 * time.Second}

	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	positions := history.Resumer{
		Keeper: connections, Log: dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")),
		Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute,
	}
	var streams route.Receiver = mastodon.Messages{
		Sessions: connections, Subscriptions: connections, Greeter: answers, Margin: route.Margin,
		Authoriser: mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Recheck:    mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: connections},
		Resume:     mastodon.Resume{Positions: positions, Replayer: lambdainvoke.NewReplayer(vars.Text("REPLAY_FUNCTION"), cfg)},
		MaxBytes:   vars.Int("MAX_MESSAGE_BYTES"),
	}
	var channels route.ChannelReceiver
	switch vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") {
	case "pusher":
		streams = nil
		fallthrough
	case "both":
		channels = channelMessages(vars, cfg, connections, answers)
	}
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Message(streams, channels, log))
}

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
	gateway := apigw.NewClient(url, cfg)
	answers := greet.Greeter{Poster: gateway, Closer: gateway, Patience: 4 * time.Second} // twice that is less than the timeout
	protocols := vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher")
	var streams route.Receiver
	if protocols != "pusher" {
		streams = streamMessages(vars, cfg, connections, answers)
	}
	var channels route.ChannelReceiver
	if protocols != "mastodon" {
		channels = channelMessages(vars, cfg, connections, answers)
	}
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Message(streams, channels, log))
}

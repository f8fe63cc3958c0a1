// Command sweep is the function of a schedule, each minute: it keeps quiet connections open, closes
// those whose token has run out or whose client is gone, and removes what others have left.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/sweep"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL")
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{})
	config := sweep.Config{
		Table:     connections,
		Transport: apigw.NewClient(url, cfg),
		KeepAlive: keepAlive,
		Log:       log,
		Observe:   observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
		Calls:     vars.IntOr("MAX_CALLS", 64),
	}
	if vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") != "mastodon" {
		addChannels(&config, vars, cfg, connections)
	}
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(handler(sweep.New(config)))
}

// Command publish is the function of the Content table's stream: it turns changes into frames and
// posts them to the connections that listen for them.
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
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	url := vars.Text("CALLBACK_URL")
	publisher := publish.New(publish.Config{
		Directory: dynamo.NewConnections(awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{}),
		Poster:    apigw.NewClient(url, cfg),
		Greeter:   lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg),
		Reporter:  sqs.NewReporter(vars.Text("FAILURE_QUEUE_URL"), cfg),
		Encode:    mastodon.Frame,
		Log:       log,
		Observe:   observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
		Posts:     vars.IntOr("MAX_POSTS", 256),
	})
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(handler(publisher, dynamo.Change))
}

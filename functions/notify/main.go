// Command notify is the function of the webhooks' queue: it looks whether what was put there still
// holds, and posts it to the receivers that apps have named.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/webhook"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, connections := awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE")
	channels := channeldb.NewChannels(dynamo.NewConnections(db, connections, dynamo.Limits{}), db, connections, vars.Text("CONTENT_TABLE"))
	notifier := hook.New(hook.Config{
		Apps:       channeldb.NewApps(db, vars.Text("ACCOUNTS_TABLE")),
		Departures: channels,
		Counter:    channels,
		Queue:      sqs.NewQueue(vars.Text("HOOK_QUEUE_URL"), cfg),
		// The SAM CLI's variable, which Lambda has not.
		Poster:   webhook.NewClient(vars.TextOr("AWS_SAM_LOCAL", "") == "true"),
		Reporter: sqs.NewReporter(vars.Text("FAILURE_QUEUE_URL"), cfg),
		Log:      log,
		Observe:  observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
	})
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(handler(notifier.Notify))
}

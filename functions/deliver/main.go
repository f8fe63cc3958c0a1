// Command deliver is the function of the queue of wide changes: it posts to the listeners of a slice, or
// to the accounts of one, what a change says to them.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/viewer"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url, table := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL"), vars.Text("CONNECTIONS_TABLE")
	logs := dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")).KeepFor(time.Duration(vars.IntOr("HISTORY_MINUTES", 15)) * time.Minute)
	connections := dynamo.NewConnections(db, table, dynamo.Limits{})
	parts := sqs.NewParts(vars.Text("DELIVER_QUEUE_URL"), cfg)
	config := publish.Config{
		Directory: connections,
		Slices:    connections.Slices(),
		Pace:      dynamo.NewPace(db, table, max(1, vars.IntOr("WIDE_POSTS_PER_SECOND", 5000))),
		Recorder:  history.NewWriter(logs, history.WriterConfig{}),
		Viewers:   viewer.NewCache(dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE")), time.Minute, 1<<20), // about 100 MB
		Poster:    apigw.NewClient(url, cfg),
		Greeter:   lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg),
		Encode:    mastodon.Frame,
		Identify:  mastodon.WithID,
		Log:       log,
		Observe:   observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
	}
	if vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") != "mastodon" {
		config = withChannels(config, vars, cfg, connections)
	}
	h := handler{deliver: publish.New(config).Deliver, queue: parts, report: sqs.NewReporter(vars.Text("FAILURE_QUEUE_URL"), cfg).Report, log: log}
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(h.handle)
}

// Command publish is the function of the Content table's stream, and of the stream of a table that an
// application has for itself: it turns changes into frames and posts them to the connections that
// listen for them.
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
	"edgestream/functions/internal/records"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/viewer"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL")
	logs := dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")).KeepFor(time.Duration(vars.IntOr("HISTORY_MINUTES", 15)) * time.Minute)
	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{})
	config := publish.Config{
		Directory: connections,
		Recorder:  history.NewWriter(logs, history.WriterConfig{}),
		Viewers:   viewer.NewCache(accounts, time.Minute, 1<<20), // about 100 MB
		Poster:    apigw.NewClient(url, cfg),
		Greeter:   lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg),
		Reporter:  sqs.NewReporter(vars.Text("FAILURE_QUEUE_URL"), cfg),
		Encode:    mastodon.Frame,
		Identify:  mastodon.WithID,
		Log:       log,
		Observe:   observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
		Posts:     vars.IntOr("MAX_POSTS", 256),
	}
	if vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") != "mastodon" {
		config = withChannels(config, vars, cfg, connections)
	}
	config = withWide(config, vars, cfg, connections)
	source := dynamo.NewSource(vars.TextOr("SOURCE_STREAM_ARN", ""))
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(records.Handler(source.Change, 0, publish.New(config).Publish))
}

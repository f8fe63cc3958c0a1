// Command replay is the function that serves a subscription from History until it has caught up.
// Connect and subscribe invoke it asynchronously, and it itself when its time is up.
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
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/replay"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/viewer"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL")
	gateway := apigw.NewClient(url, cfg)
	viewers := viewer.NewCache(dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE")), time.Minute, 100_000)
	logs := dynamo.NewHistory(db, vars.Text("HISTORY_TABLE"))
	replayer := replay.Replayer{
		Directory: dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{}),
		Reader: func(b history.Bound, p history.Position) replay.Reader {
			return history.NewReader(logs, b, p)
		},
		Render: viewers.Render, Encode: mastodon.FrameID,
		Greeter: greet.Greeter{Poster: gateway, Young: 5 * time.Second, Patience: 10 * time.Second},
		Closer:  gateway,
		// The function that runs: it can name itself nowhere in a template.
		Again: lambdainvoke.NewReplayer(vars.Text("AWS_LAMBDA_FUNCTION_NAME"), cfg),
		// Of the function's timeout of 60 seconds: one post, and what comes after it.
		Margin:   15 * time.Second,
		Patience: 4 * time.Minute,
	}
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	metrics := metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName)
	observe := func(values ...metric.Value) { metrics.Now(log, values...) }
	lambda.Start(route.Replay(counting{replayer, observe}, log))
}

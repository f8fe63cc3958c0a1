// Command sse is the function behind the URLs of server-sent events: each response is one stream,
// written while the function runs.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/sse"
	"edgestream/functions/internal/viewer"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, table := awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE")
	accounts, logs := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE")), dynamo.NewHistory(db, vars.Text("HISTORY_TABLE"))
	connections := dynamo.NewConnections(db, table, dynamo.Limits{Connections: vars.Int("MAX_CONNECTIONS")})
	metrics := metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName)
	handler := &sse.Handler{
		Tokens: accounts, Viewers: accounts, Members: connections, History: logs, Logs: logs, Log: log,
		Authoriser: mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Positions:  history.Resumer{Keeper: connections, Log: logs, Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute},
		Slots:      dynamo.NewSlots(db, table, vars.Int("MAX_READERS")),
		Handoffs:   dynamo.NewHandoffs(db, table),
		Renderer:   viewer.NewCache(accounts, time.Minute, 100_000),
		Lifetime:   vars.Duration("SSE_LIFETIME"),
		MaxBytes:   190_000_000, // of the 200 MB that Lambda lets a response have
		Poll:       time.Duration(vars.Int("SSE_POLL_MILLISECONDS")) * time.Millisecond,
		Observe:    func(s sse.Seen) { metrics.Now(log, values(s)...) },
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(sse.Serve(handler))
}

// Command enforce is the function of the Accounts table's stream: it carries changes of tokens,
// accounts and lists to the connections and readers that are open.
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
	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/records"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL")
	// What tells readers of a list's past must be there as long as that is.
	logs := dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")).KeepFor(time.Duration(vars.IntOr("HISTORY_MINUTES", 15)) * time.Minute)
	metrics := metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName)
	enforcer := enforce.New(enforce.Config{
		Directory: dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{}),
		Poster:    apigw.NewClient(url, cfg),
		Logs:      logs,
		Content:   dynamo.NewContent(db, vars.Text("CONTENT_TABLE")),
		Log:       log,
		Observe:   func(t enforce.Tally) { metrics.Now(log, values(t)...) },
	})
	vars.Require(log)
	awsenv.Warm(cfg, url, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(records.Handler(dynamo.AccountChange, 2*time.Second, enforcer.Enforce))
}

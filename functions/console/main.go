// Command console is the function behind the edge's /: a page to try streams with.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdaurl"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/console"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db := awsenv.DynamoDB(cfg)
	handler := console.Handler{
		Tokens:  dynamo.TokenWriter{Accounts: dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))},
		Content: dynamo.NewContent(db, vars.Text("CONTENT_TABLE")),
		Log:     log,
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambdaurl.Start(handler.HTTP())
}

// Command console is the function behind the edge's /: a page to try streams and channels with.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdaurl"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/console"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db := awsenv.DynamoDB(cfg)
	accounts, content := vars.Text("ACCOUNTS_TABLE"), vars.Text("CONTENT_TABLE")
	handler := console.Handler{
		Protocols: vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher"),
		Tokens:    dynamo.TokenWriter{Accounts: dynamo.NewAccounts(db, accounts)},
		Content:   dynamo.NewContent(db, content),
		Apps:      channeldb.NewApps(db, accounts),
		Events:    channeldb.NewChannels(nil, db, "", content), // events need no connections
		Log:       log,
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambdaurl.Start(handler.HTTP())
}

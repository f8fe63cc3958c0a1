// Command api is the function behind the edge's /apps/, /account, /items and /auth/: the Channels HTTP
// API, and CloudApp's calls.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/api"
	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/functionurl"
	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/pusher"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	db, url := awsenv.DynamoDB(cfg), vars.Text("CALLBACK_URL")
	accountsTable, connectionsTable, contentTable := vars.Text("ACCOUNTS_TABLE"), vars.Text("CONNECTIONS_TABLE"), vars.Text("CONTENT_TABLE")
	accounts, apps := dynamo.NewAccounts(db, accountsTable), channeldb.NewApps(db, accountsTable)
	rows := dynamo.NewConnections(db, connectionsTable, dynamo.Limits{})
	channels := channeldb.NewChannels(rows, db, connectionsTable, contentTable)
	httpAPI := &httpapi.API{
		Apps: apps, Events: channels, Directory: channels, Sockets: apigw.NewClient(url, cfg),
		Limits: pusher.Limits{Channel: vars.IntOr("MAX_CHANNEL_LENGTH", pusher.DefaultLimits().Channel)},
	}
	service := cloudapp.Service{Accounts: accounts, Apps: apps, Items: channeldb.NewItems(db, contentTable), Now: time.Now}
	handler := api.Handler{
		Channels: api.Channels{API: httpAPI, Log: log},
		CloudApp: api.CloudApp{Tokens: accounts, Service: service, EdgeURL: vars.TextOr("EDGE_URL", ""), Log: log}.HTTP(),
		Log:      log,
	}
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(functionurl.Serve(handler))
}

// Command disconnect is the function of $disconnect: it removes what a connection holds.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/route"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	connections := dynamo.NewConnections(awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{})
	vars.Require(log)
	awsenv.Warm(cfg, awsenv.Endpoint(cfg, "dynamodb"))
	lambda.Start(route.Disconnect(connections, log))
}

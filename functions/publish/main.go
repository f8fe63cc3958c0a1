// Command publish is the function of the Content table's stream: it turns changes into frames and
// posts them to the connections that listen for them.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/publishing"
	"edgestream/functions/internal/records"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	config, connections := publishing.Config(vars, cfg, log)
	config = publishing.Cut(config, vars, cfg, connections)
	source := dynamo.NewSource(vars.TextOr("SOURCE_STREAM_ARN", ""))
	vars.Require(log)
	publishing.Warm(vars, cfg)
	lambda.Start(records.Handler(source.Change, 0, publish.New(config).Publish))
}

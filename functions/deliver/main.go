// Command deliver is the function of the queue of wide changes: it posts to the listeners of a slice, or
// to the accounts of one, what a change says to them.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/publishing"
	"edgestream/functions/internal/sqs"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	config, connections := publishing.Config(vars, cfg, log)
	config = publishing.Deliver(config, vars, cfg, connections)
	h := handler{deliver: publish.New(config).Deliver, queue: sqs.NewParts(vars.Text("DELIVER_QUEUE_URL"), cfg), report: config.Reporter.Report, observe: config.Observe, log: log}
	h.forget = func(ctx context.Context, p publish.Part) error {
		return config.Slices.Close(ctx, p.Segment, p.Event, p.Slice)
	}
	vars.Require(log)
	publishing.Warm(vars, cfg)
	lambda.Start(h.handle)
}

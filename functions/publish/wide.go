package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
)

// withWide has changes that more than WIDE_LISTENERS hear of put on the queue of deliver. 0: none is.
func withWide(c publish.Config, vars *env.Vars, cfg aws.Config, connections *dynamo.Connections) publish.Config {
	n := vars.IntOr("WIDE_LISTENERS", 0)
	if n <= 0 {
		return c
	}
	c.Directory, c.Slices, c.Crowd = connections.CutFrom(n), connections.Slices(), n
	c.Queue = sqs.NewParts(vars.Text("DELIVER_QUEUE_URL"), cfg)
	return c
}

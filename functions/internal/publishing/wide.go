package publishing

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
)

// Cut has changes that more than WIDE_LISTENERS hear of put on the queue of deliver. 0: none is.
func Cut(c publish.Config, vars *env.Vars, cfg aws.Config, connections *dynamo.Connections) publish.Config {
	n := vars.IntOr("WIDE_LISTENERS", 0)
	if n <= 0 {
		return c
	}
	c.Directory, c.Slices, c.Crowd = connections.CutFrom(n), connections.Slices(), n
	c.Queue = sqs.NewParts(vars.Text("DELIVER_QUEUE_URL"), cfg)
	return c
}

// Deliver has what comes from that queue posted, by all who deliver together at most
// WIDE_POSTS_PER_SECOND. Two fifths of a second's posts are reserved at a time: few enough for others to
// have their turn, and enough for the row of the budget not to be asked all the time. A page has as many
// listeners, so that fifty that are under way side by side take 20 s, and an invocation comes to their end.
func Deliver(c publish.Config, vars *env.Vars, cfg aws.Config, connections *dynamo.Connections) publish.Config {
	rate := max(1, vars.IntOr("WIDE_POSTS_PER_SECOND", 5000))
	c.Slices, c.Reserved = connections.Slices(), max(1, rate*2/5)
	c.Page = min(max(c.Reserved, 100), 2000)
	c.Pace = dynamo.NewPace(awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE"), rate)
	return c
}

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
// have their turn, and enough for the row of the budget not to be asked all the time.
func Deliver(c publish.Config, vars *env.Vars, cfg aws.Config, connections *dynamo.Connections) publish.Config {
	rate := max(1, vars.IntOr("WIDE_POSTS_PER_SECOND", 5000))
	c.Slices, c.Reserved = connections.Slices(), max(1, rate*2/5)
	c.Page = page(rate, max(1, vars.IntOr("DELIVER_CONCURRENCY", 5)))
	c.Pace = dynamo.NewPace(awsenv.DynamoDB(cfg), vars.Text("CONNECTIONS_TABLE"), rate)
	return c
}

// batch is how many parts an instance has under way at the most: the template's BatchSize.
const batch = 6

// page is how many listeners a page has: as many as posts are reserved at a time, and so few that all pages that
// so many instances have under way side by side take 20 s, and an invocation comes to their end. What it
// does not come to is reserved for nothing.
func page(rate, instances int) int {
	return min(max(rate*2/5, 100), max(rate*20/(instances*batch), 20), 2000)
}

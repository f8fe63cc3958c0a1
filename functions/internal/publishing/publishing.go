// Package publishing puts together the publisher of a function's environment: what publish and deliver,
// which post to the same listeners by the same rules, have in common. It knows all adapters of a
// publisher, so that these need not know each other, and only mains use it.
package publishing

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/viewer"
)

// Config reads what both functions need of the environment: the tables, CALLBACK_URL, GREET_FUNCTION,
// FAILURE_QUEUE_URL and, unless PROTOCOLS leaves channels out, HOOK_QUEUE_URL. The connections are those
// that it looks up.
func Config(vars *env.Vars, cfg aws.Config, log *slog.Logger) (publish.Config, *dynamo.Connections) {
	db := awsenv.DynamoDB(cfg)
	connections := dynamo.NewConnections(db, vars.Text("CONNECTIONS_TABLE"), dynamo.Limits{})
	logs := dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")).KeepFor(time.Duration(vars.IntOr("HISTORY_MINUTES", 15)) * time.Minute)
	c := publish.Config{
		Directory: connections,
		Recorder:  history.NewWriter(logs, history.WriterConfig{}),
		Viewers:   viewer.NewCache(dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE")), time.Minute, 1<<20), // about 100 MB
		Poster:    apigw.NewClient(vars.Text("CALLBACK_URL"), cfg),
		Greeter:   lambdainvoke.NewGreeter(vars.Text("GREET_FUNCTION"), cfg),
		Reporter:  sqs.NewReporter(vars.Text("FAILURE_QUEUE_URL"), cfg),
		Encode:    mastodon.Frame,
		Identify:  mastodon.WithID,
		Log:       log,
		Observe:   observer{metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName), log}.observe,
		Posts:     vars.IntOr("MAX_POSTS", 256),
	}
	if vars.OneOf("PROTOCOLS", "mastodon", "both", "pusher") != "mastodon" {
		c = withChannels(c, vars, cfg, connections)
	}
	return c, connections
}

// Warm prepares what the first invocation needs: connections to the transport and to the tables.
func Warm(vars *env.Vars, cfg aws.Config) {
	awsenv.Warm(cfg, vars.Text("CALLBACK_URL"), awsenv.Endpoint(cfg, "dynamodb"))
}

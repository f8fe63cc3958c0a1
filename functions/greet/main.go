// Command greet is the function that posts the first frames of a connection, which may not be
// open yet, and closes those that were only opened to be told why not. Others invoke it
// asynchronously, and it delays nobody.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/route"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	vars, cfg := env.New(), awsenv.Config()
	url := vars.Text("CALLBACK_URL")
	vars.Require(log)
	gateway := apigw.NewClient(url, cfg)
	greeter := greet.Greeter{
		Poster: gateway, Closer: gateway,
		// Together under the function's timeout of 30 seconds.
		Young: 5 * time.Second, Patience: 15 * time.Second, MaxWait: 10 * time.Second,
	}
	awsenv.Warm(cfg, url)
	metrics := metric.New(os.Stdout, "Edgestream", lambdacontext.FunctionName)
	observe := func(values ...metric.Value) { metrics.Now(log, values...) }
	lambda.Start(route.Greet(counting{greeter, observe}, log))
}

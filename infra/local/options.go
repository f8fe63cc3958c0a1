package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"edgestream/infra/arguments"
)

// options are the command line's; their defaults are AWS's limits.
type options struct {
	listen, api        string
	dynamodb           string
	dynamodbListen     string
	callbacks          string
	template           string
	parameters         map[string]string
	source             sourceTable
	demo               bool
	log                string
	debug              map[string]bool
	idleTimeout        time.Duration
	maxDuration        time.Duration
	integrationTimeout time.Duration
	streamPoll         time.Duration
	retryDelay         time.Duration
	scheduleEvery      time.Duration
	concurrency        int
	streams            int
	shuffle            uint64
}

// embedded is the value of --dynamodb that means the engine of this program.
const embedded = "embedded"

const usage = `Runs the template on this machine: API Gateway WebSocket, Lambda and its function
URLs, DynamoDB and its streams, SQS, schedules, and the CloudFront edge. It needs Go and nothing
else.

  go run ./infra/local                             everything, on the usual ports
  go run ./infra/local --listen 127.0.0.1:0 \
      --api 127.0.0.1:0 --dynamodb-listen 127.0.0.1:0   on free ports, for tests
  go run ./infra/local --dynamodb http://127.0.0.1:8123 on DynamoDB Local's tables
  go run ./infra/local --source-table orders:orderId    with a table of your own to publish from
  go run ./infra/local --debug PublishFunction     one function in your debugger

To try things out:
  go run ./infra/local listen URL          a client of a WebSocket or an event stream
  go run ./infra/local put TABLE ITEM      write an item, in plain JSON
  go run ./infra/local delete TABLE KEY    delete one

The first screen says what runs where and what to try. Ctrl-C ends it all. The edge's /metrics has
what functions measure, for Prometheus, as has a line under the log on a terminal: sums of the last
ten seconds, or the median (and the greatest).

`

func parseOptions(args []string, out io.Writer) (options, error) {
	o := options{parameters: map[string]string{}, debug: map[string]bool{}}
	fs := flag.NewFlagSet("local", flag.ContinueOnError)
	o.define(fs)
	if err := arguments.Parse(fs, args, out, usage); err != nil {
		return o, err
	}
	return o, o.check(fs.Args())
}

func (o *options) define(fs *flag.FlagSet) {
	fs.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` of the edge: what CloudFront serves")
	fs.StringVar(&o.api, "api", "127.0.0.1:3001", "`address` of API Gateway (WebSocket and @connections), of function URLs, and of the Lambda and SQS APIs")
	fs.StringVar(&o.dynamodb, "dynamodb", embedded, "`engine`: embedded, or the URL of DynamoDB Local or AWS; missing tables are created")
	fs.StringVar(&o.dynamodbListen, "dynamodb-listen", "127.0.0.1:8000", "`address` of the embedded engine's DynamoDB and DynamoDB Streams APIs")
	fs.StringVar(&o.callbacks, "callbacks", "", "`URL` at which functions find @connections, such as that of a proxy that fails now and then and else passes on to --api; empty: --api itself")
	fs.StringVar(&o.template, "template", "template.yaml", "the SAM `file`")
	fs.BoolVar(&o.demo, "demo", true, "put in demo tokens alice (account 1) and bob (account 2), and a demo app; serve the console page if the template has one")
	fs.StringVar(&o.log, "log", "text", "`form` of the log: text, json or quiet")
	fs.DurationVar(&o.idleTimeout, "idle-timeout", 10*time.Minute, "close a connection after this long without a message")
	fs.DurationVar(&o.maxDuration, "max-duration", 2*time.Hour, "close a connection after this long in all")
	fs.DurationVar(&o.integrationTimeout, "integration-timeout", 29*time.Second, "API Gateway's wait for a function")
	fs.DurationVar(&o.streamPoll, "stream-poll", 250*time.Millisecond, "pause between two looks at a table's stream")
	fs.DurationVar(&o.retryDelay, "retry-delay", time.Second, "wait before an asynchronous invocation is tried again (AWS: 1 and 2 minutes)")
	fs.DurationVar(&o.scheduleEvery, "schedule-every", 0, "run every schedule at this `period`; 0: as the template says")
	fs.IntVar(&o.concurrency, "concurrency", 10, "the most instances of one function")
	fs.IntVar(&o.streams, "streams", 100, "the most instances of one function that streams, each of which serves one response at a time")
	fs.Uint64Var(&o.shuffle, "shuffle", 0, "hand a connection's messages to functions in random order, from this `seed`; 0: as they come")
	fs.Func("parameter", "`Name=value` of a template parameter; may be repeated", o.addParameter)
	fs.Func("source-table", "`NAME` of a table of yours, there or to come, whose stream the template is given as SourceStreamArn; NAME:KEY makes it if it is missing, with this key, a text", o.source.parse)
	fs.Func("debug", "logical `id` of a function that you run in a debugger; may be repeated", func(id string) error {
		o.debug[id] = true
		return nil
	})
}

func (o *options) addParameter(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("want Name=value")
	}
	o.parameters[name] = value
	return nil
}

func (o *options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unknown argument %q; --help lists the flags", rest[0])
	}
	if !slices.Contains([]string{"text", "json", "quiet"}, o.log) {
		return fmt.Errorf("--log %q: want text, json or quiet", o.log)
	}
	if o.dynamodb != embedded && !strings.HasPrefix(o.dynamodb, "http://") && !strings.HasPrefix(o.dynamodb, "https://") {
		return fmt.Errorf("--dynamodb %q: want embedded or a URL such as http://127.0.0.1:8123", o.dynamodb)
	}
	if o.callbacks != "" && !strings.HasPrefix(o.callbacks, "http://") {
		return fmt.Errorf("--callbacks %q: want a URL such as http://127.0.0.1:4000", o.callbacks)
	}
	return o.checkLimits()
}

func (o *options) checkLimits() error {
	for name, d := range map[string]time.Duration{"idle-timeout": o.idleTimeout, "max-duration": o.maxDuration,
		"integration-timeout": o.integrationTimeout, "stream-poll": o.streamPoll, "retry-delay": o.retryDelay} {
		if d <= 0 {
			return fmt.Errorf("--%s %v: want a positive duration such as 250ms", name, d)
		}
	}
	if o.scheduleEvery < 0 {
		return fmt.Errorf("--schedule-every %v: want a positive duration such as 1s, or 0", o.scheduleEvery)
	}
	if o.concurrency < 1 {
		return fmt.Errorf("--concurrency %d: want 1 or more", o.concurrency)
	}
	if o.streams < 1 {
		return fmt.Errorf("--streams %d: want 1 or more", o.streams)
	}
	return nil
}

// Command invoke runs every function in the SAM CLI's own Lambda, one
// `sam local invoke` per case of events/cases.yaml, and checks all that it leaves:
// its answer, every row of every table, and every call that it makes.
//
//	events/x.json ─▶ sam local invoke ─▶ bootstrap in a container ─▶ answer
//	                                        └─▶ recorder (this process) ─▶ calls
//	                                               └─▶ DynamoDB Local   ─▶ rows
//
// Every request must be allowed by the function's policy in the template, and every
// permission in a policy must be used by some case.
//
// The tables are those of template.yaml. The recorder stands for the services that
// have no local double in the SAM CLI: API Gateway's management API, Lambda's Invoke
// API and SQS. It demands signed requests. It also is the receivers of webhooks, and demands that what
// they are told is signed by the app.
//
// Each case signs with an access key of its own. DynamoDB Local keeps a database per
// access key, and the recorder sorts calls by it, so cases run side by side without
// seeing each other.
//
// Its last line is `N passed, N failed, N skipped`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"edgestream/infra/arguments"
	"edgestream/infra/local/template"
)

type options struct {
	sam, build, architecture, dynamodb, host, template, events string
	jobs                                                       int
	show                                                       bool
	only                                                       []string
}

const usage = `usage: go run ./infra/invoke [flags] [EVENT...]

Runs the cases of events/cases.yaml, or those of the named events.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parseOptions(os.Args[1:], os.Stderr)
	failed := 0
	if err == nil {
		failed, err = run(ctx, o)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "invoke:", err)
		os.Exit(2)
	case failed > 0:
		os.Exit(1)
	}
}

func parseOptions(args []string, out io.Writer) (o options, err error) {
	fs := flag.NewFlagSet("invoke", flag.ContinueOnError)
	fs.StringVar(&o.sam, "sam", "sam", "the SAM CLI")
	fs.StringVar(&o.build, "build", ".aws-sam/build", "folder that \"sam build\" wrote")
	fs.StringVar(&o.architecture, "architecture", "x86_64", "what it was built for")
	fs.StringVar(&o.dynamodb, "dynamodb", "http://127.0.0.1:8000", "`URL` of DynamoDB Local")
	fs.StringVar(&o.host, "host", "host.docker.internal", "this machine's name inside a container")
	fs.StringVar(&o.template, "template", "template.yaml", "the template")
	fs.StringVar(&o.events, "events", "events", "folder of the events and of cases.yaml")
	fs.IntVar(&o.jobs, "jobs", 2, "cases to run side by side")
	fs.BoolVar(&o.show, "show", false, "print what each case left, as YAML to read and to copy into cases.yaml")
	err = arguments.Parse(fs, args, out, usage)
	o.only = fs.Args()
	return o, err
}

// withConsole are the options with which the template has all of its functions.
var withConsole = template.Options{Parameters: map[string]string{"Console": "on"}}

// run reads, prepares and runs everything, and answers how many cases failed.
func run(ctx context.Context, o options) (failed int, err error) {
	stack, err := template.Load(o.template, withConsole)
	if err != nil {
		return 0, err
	}
	cases, err := readCases(o.events, stack)
	if err != nil {
		return 0, err
	}
	if cases = chosen(cases, o.only); len(cases) == 0 {
		return 0, errors.New("no case has such an event")
	}
	policies, err := readPolicies(o.template)
	if err != nil {
		return 0, err
	}
	dynamodb, err := url.Parse(o.dynamodb)
	if err != nil {
		return 0, err
	}
	recorder, err := startRecorder(dynamodb)
	if err != nil {
		return 0, err
	}
	defer recorder.close()
	cli, err := newSAM(o, recorder.port())
	if err != nil {
		return 0, err
	}
	defer cli.close()
	r := &runner{stack: stack, events: o.events, sam: cli, recorder: recorder, database: database{url: o.dynamodb}, policies: policies, show: o.show}
	failed = r.all(ctx, cases, o.jobs)
	if ctx.Err() != nil {
		return failed, ctx.Err() // what was not run has not passed
	}
	total := len(cases)
	if len(o.only) == 0 {
		total++
		failed += r.checkUnused()
	}
	fmt.Printf("%d passed, %d failed, 0 skipped\n", total-failed, failed)
	return failed, nil
}

func chosen(cases []testCase, only []string) []testCase {
	if len(only) == 0 {
		return cases
	}
	var out []testCase
	for _, c := range cases {
		for _, name := range only {
			if c.Event == name || c.Event == name+".json" {
				out = append(out, c)
			}
		}
	}
	return out
}

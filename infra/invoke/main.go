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
// API and SQS. It demands signed requests.
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
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"edgestream/infra/local/template"
)

type options struct {
	sam, build, architecture, dynamodb, host, template, events string
	jobs                                                       int
	show                                                       bool
	only                                                       []string
}

func main() {
	var o options
	flag.StringVar(&o.sam, "sam", "sam", "the SAM CLI")
	flag.StringVar(&o.build, "build", ".aws-sam/build", "folder that `sam build` wrote")
	flag.StringVar(&o.architecture, "architecture", "x86_64", "what it was built for")
	flag.StringVar(&o.dynamodb, "dynamodb", "http://127.0.0.1:8000", "URL of DynamoDB Local")
	flag.StringVar(&o.host, "host", "host.docker.internal", "this machine's name inside a container")
	flag.StringVar(&o.template, "template", "template.yaml", "the template")
	flag.StringVar(&o.events, "events", "events", "folder of the events and of cases.yaml")
	flag.IntVar(&o.jobs, "jobs", 2, "cases to run side by side")
	flag.BoolVar(&o.show, "show", false, "print what each case left, as YAML to read and to copy into cases.yaml")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: go run ./infra/invoke [flags] [EVENT...]\n\nRuns the cases of events/cases.yaml, or those of the named events.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.only = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "invoke:", err)
		os.Exit(2)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// run reads, prepares and runs everything, and answers how many cases failed.
func run(ctx context.Context, o options) (failed int, err error) {
	stack, err := template.Load(o.template, template.Options{})
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
	total := len(cases)
	if len(o.only) == 0 {
		total++
		failed += r.checkUnused()
	}
	fmt.Printf("%d passed, %d failed, 0 skipped\n", total-failed, failed)
	return failed, ctx.Err()
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

type runner struct {
	stack    *template.Stack
	events   string
	sam      *sam
	recorder *recorder
	database database
	policies policies
	show     bool
}

// all runs the cases, several side by side, and prints one line for each.
func (r *runner) all(ctx context.Context, cases []testCase, jobs int) (failed int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	began := time.Now() // so that no earlier run's databases are met again
	places := make(chan struct{}, max(jobs, 1))
	for i, c := range cases {
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-places }()
			key := fmt.Sprintf("CASE%dN%d", began.UnixNano(), i)
			start := time.Now()
			problem := r.until(ctx, c, key)
			mu.Lock()
			defer mu.Unlock()
			word := "ok    "
			if problem != nil {
				word, failed = "FAILED", failed+1
			}
			fmt.Printf("%s %-34s %5.1fs  %s\n", word, c.Event, time.Since(start).Seconds(), c.Says)
			if problem != nil {
				fmt.Println(problem)
			}
		})
	}
	wg.Wait()
	return failed
}

// startTries is how often a case is tried whose function could not be started: that happens to
// about one in ten.
const startTries = 5

// until runs the case until its function has been started, each time with a new key, since it
// may have done a part of its work.
func (r *runner) until(ctx context.Context, c testCase, key string) error {
	for try := 1; ; try++ {
		unstarted, problem := r.one(ctx, c, fmt.Sprintf("%sT%d", key, try))
		if !unstarted || try == startTries {
			return problem
		}
	}
}

// checkUnused fails for what a policy allows and no case has needed: a function should
// have no more than it uses.
func (r *runner) checkUnused() (failed int) {
	unused := r.policies.unused()
	if len(unused) == 0 {
		fmt.Println("ok     every permission of every policy is used")
		return 0
	}
	fmt.Println("FAILED these permissions are used by no case:", strings.Join(unused, ", "))
	return 1
}

// one prepares a case's own database, runs it and compares. unstarted says that it failed in
// one of the ways that are worth another try.
func (r *runner) one(ctx context.Context, c testCase, key string) (unstarted bool, problem error) {
	db := r.database.as(key)
	if err := r.prepare(ctx, db, c); err != nil {
		return false, err
	}
	before, err := db.rows(ctx, r.stack.Tables)
	if err != nil {
		return false, err
	}
	r.recorder.expect(key, c.Answers)
	result, log, err := r.sam.invoke(ctx, c, key)
	if raced(log) {
		return true, fmt.Errorf("the function could not be started\n%s", log)
	}
	if err != nil {
		return false, fmt.Errorf("%w\n%s", err, log)
	}
	after, err := db.rows(ctx, r.stack.Tables)
	if err != nil {
		return false, err
	}
	if err := r.compare(c, key, result, before, after); err != nil {
		return false, fmt.Errorf("%w\nits log:\n%s", err, log)
	}
	return false, nil
}

func (r *runner) prepare(ctx context.Context, db database, c testCase) error {
	for _, table := range r.stack.Tables {
		if err := db.create(ctx, table); err != nil {
			return err
		}
	}
	for _, seed := range c.Seed {
		if err := db.load(ctx, r.events, seed); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) compare(c testCase, key, result string, before, after map[string][]any) error {
	calls, used := r.recorder.take(key)
	if missing := r.policies.use(c.Function, used); len(missing) > 0 {
		return fmt.Errorf("the policy of %s lacks %s", c.Function, strings.Join(missing, ", "))
	}
	if r.show {
		fmt.Print(c.left(result, before, after, calls))
	}
	return c.check(result, before, after, calls)
}

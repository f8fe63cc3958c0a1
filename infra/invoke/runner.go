package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"edgestream/infra/local/template"
)

// runner runs cases.
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
	r.recorder.expect(key, c)
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
		if err := db.load(ctx, r.events, seed, r.sam.recorder+receivers+db.key); err != nil {
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

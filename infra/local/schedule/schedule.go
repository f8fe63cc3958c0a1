package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Schedule is one function's, as its template says it.
type Schedule struct {
	// Name is the rule's or the schedule's, the last part of its ARN.
	Name string
	// Function is the function's name.
	Function string
	// Expression is rate(…), cron(…) or, for a Scheduler's, at(…).
	Expression string
	// Input is the event, JSON, or empty for the service's own.
	Input string
	// Scheduler tells a schedule of EventBridge Scheduler from a rule.
	Scheduler bool
}

// Options are the surroundings of a Timer.
type Options struct {
	// Invoke queues an asynchronous invocation. Required.
	Invoke func(function string, event []byte) (requestID string, err error)
	// Every replaces the period of a schedule that comes again; 0 leaves it.
	Every time.Duration
	// Region is us-east-1 and AccountID 000000000000 if empty.
	Region, AccountID string
	// Logger is told about invocations that could not be queued; nil means silence.
	Logger *slog.Logger
}

// Timer runs one schedule.
type Timer struct {
	schedule Schedule
	opt      Options
	times    times
}

// New reads the expression. The error says what is wrong with it.
func New(s Schedule, opt Options) (*Timer, error) {
	if opt.Region == "" {
		opt.Region = "us-east-1"
	}
	if opt.AccountID == "" {
		opt.AccountID = "000000000000"
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	t, err := parse(s.Expression, s.Scheduler)
	if err != nil {
		return nil, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	if _, once := t.(at); !once && opt.Every > 0 {
		t = rate{opt.Every, false}
	}
	return &Timer{s, opt, t}, nil
}

// Run invokes the function at each of its times, until ctx ends or there is none any more. It
// returns nil.
func (t *Timer) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for due := t.times.first(time.Now()); !due.IsZero(); due = t.times.after(due, time.Now()) {
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if _, err := t.opt.Invoke(t.schedule.Function, t.event(due)); err != nil {
			t.opt.Logger.Error("schedule could not invoke its function", "schedule", t.schedule.Name, "function", t.schedule.Function, "error", err)
		}
	}
	return nil
}

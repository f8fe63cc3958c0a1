package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"edgestream/infra/local/eventsource"
	"edgestream/infra/local/schedule"
	"edgestream/infra/local/template"
)

// pollers run the template's event source mappings and schedules.
type pollers struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// poller is one mapping or schedule at work; Run ends with its context.
type poller interface{ Run(context.Context) error }

func (r *runner) startPollers(ctx context.Context) error {
	all, err := r.newPollers()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.pollers = &pollers{cancel: cancel}
	for name, p := range all {
		r.pollers.running.Go(func() {
			if err := p.Run(ctx); err != nil && ctx.Err() == nil {
				r.log.operator().Error("event source stopped", "source", name, "error", err)
			}
		})
	}
	return nil
}

func (r *runner) newPollers() (map[string]poller, error) {
	all := map[string]poller{}
	opts := eventsource.Options{Invoke: r.invoke, Streams: r.database.streams, Queue: r.queues, Destination: r.deliver,
		Poll: r.opts.streamPoll, Region: r.stack.Region, AccountID: r.stack.AccountID, Logger: r.log.operator(), Age: r.iteratorAge}
	for _, m := range r.stack.Streams {
		if !m.Enabled {
			continue
		}
		p, err := r.newStream(m, opts)
		if err != nil {
			return nil, fmt.Errorf("event source mapping %s: %w", m.LogicalID, err)
		}
		all[m.LogicalID] = p
	}
	for _, m := range r.stack.QueueMappings {
		if !m.Enabled {
			continue
		}
		p, err := eventsource.NewQueue(queueMapping(m), opts)
		if err != nil {
			return nil, fmt.Errorf("event source mapping %s: %w", m.LogicalID, err)
		}
		all[m.LogicalID] = p
	}
	return all, r.addSchedules(all)
}

func (r *runner) newStream(m template.StreamMapping, opts eventsource.Options) (poller, error) {
	mapping := r.streamMapping(m)
	p, err := eventsource.NewStream(mapping, opts)
	if table, ok := unlabelled(mapping.StreamArn); ok && err == nil {
		return awaited{table: table, mapping: mapping, options: opts, database: r.database, say: r.log.say}, nil
	}
	return p, err
}

func (r *runner) addSchedules(all map[string]poller) error {
	opts := schedule.Options{Invoke: r.functions.InvokeEvent, Every: r.opts.scheduleEvery,
		Region: r.stack.Region, AccountID: r.stack.AccountID, Logger: r.log.operator()}
	for _, s := range r.stack.Schedules {
		if !s.Enabled {
			continue
		}
		timer, err := schedule.New(schedule.Schedule{Name: s.LogicalID, Function: s.Function, Expression: s.Expression,
			Input: s.Input, Scheduler: s.Scheduler}, opts)
		if err != nil {
			return err
		}
		all[s.LogicalID] = timer
	}
	return nil
}

// streamMapping is the template's mapping with the table's real stream.
func (r *runner) streamMapping(m template.StreamMapping) eventsource.StreamMapping {
	arn := m.StreamARN
	if m.Table != "" {
		arn = r.database.streamARNs[m.Table]
	}
	return eventsource.StreamMapping{
		Function: m.Function, StreamArn: arn, BatchSize: m.BatchSize, BatchingWindow: time.Duration(m.BatchingWindowSeconds) * time.Second,
		ParallelizationFactor: m.ParallelizationFactor, StartingPosition: m.StartingPosition, Filters: m.Filters,
		MaximumRetryAttempts: m.MaximumRetryAttempts, MaximumRecordAge: recordAge(m.MaximumRecordAgeSeconds),
		BisectBatchOnFunctionError: m.BisectBatchOnFunctionError, ReportBatchItemFailures: m.ReportBatchItemFailures, OnFailure: m.OnFailureARN,
	}
}

func recordAge(seconds int) time.Duration {
	if seconds < 0 {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

func queueMapping(m template.QueueMapping) eventsource.QueueMapping {
	return eventsource.QueueMapping{Function: m.Function, QueueArn: m.QueueARN, BatchSize: m.BatchSize,
		BatchingWindow: time.Duration(m.BatchingWindowSeconds) * time.Second, MaximumConcurrency: m.MaximumConcurrency,
		ReportBatchItemFailures: m.ReportBatchItemFailures, Filters: m.Filters}
}

func (p *pollers) close() {
	p.cancel()
	p.running.Wait()
}

package lambda

import (
	"context"
	"encoding/json"
	"time"
)

// Waits between attempts that fail because the function cannot be run now, as opposed to the
// function failing. They double from the first to the last.
const (
	firstBackoff = time.Second
	lastBackoff  = 5 * time.Minute
)

// Why an asynchronous event was given up.
const (
	retriesExhausted = "RetriesExhausted"
	eventAgeExceeded = "EventAgeExceeded"
)

// asyncEvent is an event on its way through Lambda's internal queue. Retries keep its id.
type asyncEvent struct {
	pool          *pool
	id            string
	payload       []byte
	clientContext string
	received      time.Time
	attempts      int // that reached the function
	backoff       time.Duration
	last          Result
}

// InvokeEvent queues an asynchronous invocation and returns its request id. A function that
// fails is tried again as Function.MaximumRetryAttempts and Options.RetryDelays say; a throttled
// one, with growing waits until Function.MaximumEventAge. An event given up goes to
// Function.OnFailure. The error is ErrNotFound or ErrClosed.
func (s *Service) InvokeEvent(name string, event []byte) (requestID string, err error) {
	return s.enqueue(name, &asyncEvent{payload: event})
}

func (s *Service) enqueue(name string, e *asyncEvent) (string, error) {
	p, err := s.pool(name)
	if err != nil {
		return "", err
	}
	e.pool, e.id, e.received, e.backoff = p, newRequestID(), time.Now(), firstBackoff
	s.admission.Lock()
	defer s.admission.Unlock()
	if s.life.Err() != nil {
		return "", ErrClosed
	}
	s.events.Go(func() { s.process(s.life, e) })
	return e.id, nil
}

// process makes attempts until one succeeds, the event is given up or the Service closes.
func (s *Service) process(ctx context.Context, e *asyncEvent) {
	for {
		wait, condition := e.attempt(ctx, s.opts.RetryDelays)
		if condition == "" && wait > 0 && time.Since(e.received)+wait > e.pool.fn.MaximumEventAge {
			condition = eventAgeExceeded
		}
		switch {
		case ctx.Err() != nil:
			s.opts.Logger.Warn("asynchronous event dropped: shutting down", "function", e.pool.fn.Name, "requestId", e.id)
			return
		case condition != "":
			s.giveUp(ctx, e, condition)
			return
		case wait == 0:
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// attempt runs the function once. It returns how long to wait before the next attempt, 0 when
// the event is done with, or the condition on which it is given up.
func (e *asyncEvent) attempt(ctx context.Context, delays []time.Duration) (time.Duration, string) {
	inv := newInvocation(e.payload)
	inv.id, inv.clientContext = e.id, e.clientContext
	result, err := e.pool.invoke(ctx, inv)
	if err != nil {
		wait := e.backoff
		e.backoff = min(2*e.backoff, lastBackoff)
		return wait, ""
	}
	e.attempts++
	e.last = result
	switch {
	case result.FunctionError == "":
		return 0, ""
	case e.attempts > *e.pool.fn.MaximumRetryAttempts:
		return 0, retriesExhausted
	}
	return max(delays[min(e.attempts, len(delays))-1], time.Nanosecond), ""
}

func (s *Service) giveUp(ctx context.Context, e *asyncEvent, condition string) {
	log := s.opts.Logger.With("function", e.pool.fn.Name, "requestId", e.id, "condition", condition)
	arn := e.pool.fn.OnFailure
	if arn == "" || s.opts.Destination == nil {
		log.Error("asynchronous event given up: no destination takes it")
		return
	}
	if err := s.opts.Destination(ctx, arn, s.record(e, condition)); err != nil {
		log.Error("asynchronous event given up: its destination failed", "destination", arn, "error", err)
		return
	}
	log.Warn("asynchronous event given up: sent to its destination", "destination", arn)
}

// failureRecord is what Lambda sends to a destination.
// See https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
type failureRecord struct {
	Version         string                 `json:"version"`
	Timestamp       string                 `json:"timestamp"`
	RequestContext  failureRequestContext  `json:"requestContext"`
	RequestPayload  json.RawMessage        `json:"requestPayload"`
	ResponseContext failureResponseContext `json:"responseContext,omitzero"`
	ResponsePayload json.RawMessage        `json:"responsePayload,omitempty"`
}

type failureRequestContext struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	InvokeCount int    `json:"approximateInvokeCount"`
}

// failureResponseContext is absent when the function never ran.
type failureResponseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

func (s *Service) record(e *asyncEvent, condition string) []byte {
	record := failureRecord{
		Version:   "1.0",
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: failureRequestContext{
			RequestID:   e.id,
			FunctionARN: s.ARN(e.pool.fn.Name) + ":$LATEST",
			Condition:   condition,
			InvokeCount: e.attempts,
		},
		RequestPayload: asJSON(e.payload),
	}
	if e.attempts > 0 {
		record.ResponseContext = failureResponseContext{200, "$LATEST", e.last.FunctionError}
		record.ResponsePayload = asJSON(e.last.Payload)
	}
	b, err := json.Marshal(record)
	if err != nil { // asJSON leaves nothing that does not encode
		panic(err)
	}
	return b
}

// asJSON is payload as a part of a JSON document: itself, or a string when it is not JSON.
func asJSON(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	text, _ := json.Marshal(string(payload)) // a string always encodes
	return text
}

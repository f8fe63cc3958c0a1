package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// sent is a record at its destination.
type sent struct {
	arn    string
	record failureRecord
}

func destination(records *collector[sent]) func(context.Context, string, []byte) error {
	return func(_ context.Context, arn string, record []byte) error {
		var r failureRecord
		if err := json.Unmarshal(record, &r); err != nil {
			return err
		}
		records.add(sent{arn, r})
		return nil
	}
}

func TestAnEventThatFailsIsRetriedAndThenSentToItsDestination(t *testing.T) {
	tests := []struct {
		name    string
		retries *int
		want    int
	}{
		{"twice by default", nil, 3},
		{"never", new(0), 1},
		{"once", new(1), 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var attempts collector[Invocation]
			var records collector[sent]
			s := start(t, Options{OnInvocation: attempts.add, Destination: destination(&records),
				RetryDelays: []time.Duration{time.Millisecond}},
				probe(func(f *Function) { f.MaximumRetryAttempts = test.retries; f.OnFailure = "arn:aws:sqs:failures" }))
			id, err := s.InvokeEvent("probe", order{Do: "error", Text: "no"}.json())
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "a record arrives", func() bool { return len(records.all()) == 1 })
			got := records.all()[0]
			if got.arn != "arn:aws:sqs:failures" || string(got.record.RequestPayload) != `{"do":"error","text":"no"}` ||
				!strings.Contains(string(got.record.ResponsePayload), `"errorMessage":"no"`) ||
				got.record.ResponseContext != (failureResponseContext{200, "$LATEST", "Unhandled"}) {
				t.Errorf("record = %+v", got)
			}
			if want := (failureRequestContext{id, s.ARN("probe") + ":$LATEST", "RetriesExhausted", test.want}); got.record.RequestContext != want {
				t.Errorf("context = %+v, want %+v", got.record.RequestContext, want)
			}
			if n := len(attempts.all()); n != test.want || attempts.all()[n-1].RequestID != id {
				t.Errorf("%d attempts, want %d", n, test.want)
			}
		})
	}
}

func TestAnEventThatSucceedsIsDoneWith(t *testing.T) {
	var attempts collector[Invocation]
	var records collector[sent]
	s := start(t, Options{OnInvocation: attempts.add, Destination: destination(&records)},
		probe(func(f *Function) { f.OnFailure = "arn:x" }))
	id, err := s.InvokeEvent("probe", order{Do: "echo"}.json())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has run", func() bool { return len(attempts.all()) == 1 })
	if got := attempts.all()[0]; got.RequestID != id || got.FunctionError != "" {
		t.Errorf("%+v", got)
	}
	s.events.Wait()
	if len(records.all()) != 0 || len(attempts.all()) != 1 {
		t.Error(records.all(), attempts.all())
	}
}

func TestAnEventThatCannotRunWaitsUntilItIsTooOld(t *testing.T) {
	var records collector[sent]
	s := start(t, Options{Destination: destination(&records)}, probe(func(f *Function) {
		f.ReservedConcurrency, f.OnFailure, f.MaximumEventAge = new(0), "arn:x", time.Millisecond
	}))
	if _, err := s.InvokeEvent("probe", []byte("not json")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a record arrives", func() bool { return len(records.all()) == 1 })
	got := records.all()[0].record
	if got.RequestContext.Condition != "EventAgeExceeded" || got.RequestContext.InvokeCount != 0 ||
		string(got.RequestPayload) != `"not json"` || got.ResponsePayload != nil {
		t.Errorf("record = %+v", got)
	}
}

func TestEventsEndWithTheService(t *testing.T) {
	s := start(t, Options{}, probe())
	var err error
	if _, err = s.InvokeEvent("nobody", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err = s.InvokeEvent("probe", order{Do: "hang"}.json()); err != nil {
		t.Fatal(err)
	}
	if err = s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err = s.InvokeEvent("probe", nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

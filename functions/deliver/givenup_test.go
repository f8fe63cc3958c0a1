package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

func dead(text string) events.SQSMessage {
	m := record(text, 101)
	m.Attributes[deadLetter] = arn + "deliver.fifo"
	return m
}

func TestDeadLettersAreForgotten(t *testing.T) {
	var q fakeQueue
	var forgotten, reported []string
	report := func(_ context.Context, body []byte, _ string) error {
		reported = append(reported, string(body))
		return nil
	}
	h := handler{queue: &q, log: slog.New(slog.DiscardHandler), report: report, observe: func(publish.Tally) {}, forget: func(_ context.Context, p publish.Part) error {
		forgotten = append(forgotten, p.Event)
		if p.Event == "a2" {
			return errors.New("down")
		}
		return nil
	}}
	answer, err := h.handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{dead("a1"), dead("x1"), dead("a2"), dead("a3")}})
	if again := fmt.Sprint(answer.BatchItemFailures); err != nil || again != "[{a2}]" || !slices.Equal(forgotten, []string{"a1", "a2", "a3"}) {
		t.Errorf("%v; come again: %s; forgotten: %q", err, again, forgotten)
	}
	if !slices.Equal(reported, []string{dead("x1").Body}) {
		t.Errorf("reported, as they are no parts: %q", reported)
	}
	if len(q.held)+len(q.returned) > 0 {
		t.Errorf("what is not on the queue was held %q and returned %q", q.held, q.returned)
	}
}

func TestWhatIsOnTheQueueIsNotForgotten(t *testing.T) {
	var w world
	if w.handle(t, t.Context(), "a1"); !slices.Equal(w.delivered, []string{"a1"}) || givenUp(nil) ||
		givenUp([]events.SQSMessage{dead("a1"), record("a2", 1)}) {
		t.Errorf("delivered %q", w.delivered)
	}
}

// A segment is narrow again when all that was left of its parts has been given up, and nobody is posted what
// is behind newer events.
func TestASegmentIsNarrowWhenItsDeadLettersAreForgotten(t *testing.T) {
	w := newStack(t)
	w.send(t, listen(t, 3), "e1")
	for range 2 {
		text, n := w.receive(t)
		if n == 0 {
			t.Fatal("nothing is on the queue")
		}
		var e events.SQSEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		for i := range e.Records {
			e.Records[i].Attributes[deadLetter] = arn + "deliver.fifo"
		}
		event, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, log := functiontest.Invoke(t, w.vars, string(event)); got != `{"batchItemFailures":[]}` {
			t.Fatalf("answer %s, log %s", got, log)
		}
	}
	topic := stream.HashtagTopic("cats")
	found, err := connections().CutFrom(1000).Listeners(t.Context(), []stream.Topic{topic})
	if err != nil || len(found[topic].Wide) != 0 || len(w.gateway.Posts("C00=")) != 0 {
		t.Errorf("wide: %v, %v; posted %q", found[topic].Wide, err, w.gateway.Posts("C00="))
	}
}

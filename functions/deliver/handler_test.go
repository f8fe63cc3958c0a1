package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/stream"
)

// fakeQueue keeps what it is asked.
type fakeQueue struct {
	lost     []string // receipts that are another's
	err      error
	held     []string // what was asked to be held, call by call
	returned []string // receipt and pause
}

func (q *fakeQueue) Hold(_ context.Context, receipts []string, d time.Duration) (held []bool, err error) {
	for _, r := range receipts {
		held = append(held, !slices.Contains(q.lost, r))
	}
	q.held = append(q.held, fmt.Sprint(strings.Join(receipts, " "), " ", d))
	return held, q.err
}

func (q *fakeQueue) Return(_ context.Context, messages ...sqs.Returned) error {
	for _, m := range messages {
		q.returned = append(q.returned, fmt.Sprint(m.Receipt, " ", m.After))
	}
	return q.err
}

// record is a message whose id and receipt are its text: GROUP, then a number. One of group x is no part.
func record(text string, receives int) events.SQSMessage {
	body := "poison " + text
	if text[0] != 'x' {
		body = string(partOf(text).JSON())
	}
	return events.SQSMessage{MessageId: text, ReceiptHandle: text, Body: body, Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(receives)}}
}

func partOf(text string) publish.Part {
	return publish.Part{Segment: stream.Segment(text[:1]), Event: text, Said: []publish.Said{{Topics: []string{"public"}, Event: "update"}}}
}

// world runs the handler: deliver fails the events that are named.
type world struct {
	queue     fakeQueue
	fails     []string
	reportErr error
	receives  int
	delivered []string
	reported  []string
	poison    int
	log       bytes.Buffer
}

func (w *world) handle(t testing.TB, ctx context.Context, texts ...string) (again []string) {
	t.Helper()
	h := handler{
		deliver: func(_ context.Context, parts []publish.Part) (failed []int) {
			for i, p := range parts {
				w.delivered = append(w.delivered, p.Event)
				if slices.Contains(w.fails, p.Event) {
					failed = append(failed, i)
				}
			}
			return failed
		},
		queue: &w.queue,
		report: func(_ context.Context, record []byte, reason string) error {
			w.reported = append(w.reported, string(record)+": "+reason)
			return w.reportErr
		},
		observe: func(t publish.Tally) { w.poison += t.Poison },
		log:     slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	var e events.SQSEvent
	for _, text := range texts {
		e.Records = append(e.Records, record(text, w.receives))
	}
	answer, err := h.handle(ctx, e)
	if err != nil || answer.BatchItemFailures == nil {
		t.Fatalf("%+v, %v", answer, err)
	}
	for _, f := range answer.BatchItemFailures {
		again = append(again, f.ItemIdentifier)
	}
	return again
}

func TestABatchIsDelivered(t *testing.T) {
	for name, tt := range map[string]struct {
		w                          world
		batch                      string
		delivered, again, returned string
		poison                     int
	}{
		"all of it": {world{}, "a1 b1 a2", "a1 b1 a2", "", "", 0},
		"a failed part and what follows in its group": {world{fails: []string{"a2"}, receives: 1}, "a1 b1 a2 a3 b2", "a1 b1 a2 a3 b2", "a2 a3", "a2 1s,a3 1s", 0},
		"a group that does not get on":                {world{fails: []string{"a1"}, receives: 3}, "a1 b1 a2", "a1 b1 a2", "a1 a2", "a1 8s,a2 8s", 0},
		"nor after long":                              {world{fails: []string{"a1"}, receives: 99}, "a1", "a1", "a1", "a1 30s", 0},
		"no part":                                     {world{}, "a1 x1 a2", "a1 a2", "", "", 1},
		"no part behind a failed one":                 {world{fails: []string{"a1"}, receives: 1}, "a1 x1", "a1", "a1", "a1 2s", 1},
		"no part, and it cannot be reported":          {world{reportErr: errors.New("down"), receives: 1}, "x1 x2 a1", "a1", "x1 x2", "x1 2s,x2 2s", 0},
		"another's, and what follows in its group":    {world{queue: fakeQueue{lost: []string{"a2"}}, receives: 1}, "a1 a2 a3 b1", "a1 b1", "a2 a3", "a3 1s", 0},
		"another's that is no part":                   {world{queue: fakeQueue{lost: []string{"x1"}}}, "x1 a1", "a1", "x1", "", 0},
		"a queue that cannot be asked":                {world{queue: fakeQueue{err: errors.New("down")}, fails: []string{"a1"}, receives: 1}, "a1 b1", "a1 b1", "a1", "a1 2s", 0},
		"nothing":                                     {world{}, "", "", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			again := tt.w.handle(t, ctx, strings.Fields(tt.batch)...)
			for what, pair := range map[string][2]string{
				"delivered": {strings.Join(tt.w.delivered, " "), tt.delivered}, "again": {strings.Join(again, " "), tt.again},
				"returned": {strings.Join(tt.w.queue.returned, ","), tt.returned},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
				}
			}
			if tt.w.poison != tt.poison {
				t.Errorf("%d were counted as no part, want %d", tt.w.poison, tt.poison)
			}
			if want := tt.batch + " 30s"; tt.batch != "" && !slices.Equal(tt.w.queue.held, []string{want}) {
				t.Errorf("held %q, want %q", tt.w.queue.held, want)
			}
		})
	}
}

func TestWhatIsNoPartIsReportedWithItsReason(t *testing.T) {
	var w world
	w.handle(t, t.Context(), "x1", "a1")
	if len(w.reported) != 1 || !strings.HasPrefix(w.reported[0], "poison x1: no part") || strings.Contains(w.log.String(), "poison") {
		t.Errorf("reported %q, logged %s", w.reported, w.log.String())
	}
}

// What the end of the invocation cut off has done nothing wrong.
func TestWhatRanOutOfTimeComesAgainSoon(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), last-time.Millisecond)
	defer cancel()
	w := world{fails: []string{"a1"}, receives: 5}
	w.handle(t, ctx, "a1")
	if !slices.Equal(w.queue.returned, []string{"a1 1s"}) {
		t.Errorf("returned %q", w.queue.returned)
	}
}

func TestPausesGrow(t *testing.T) {
	for receives, want := range map[string]time.Duration{"1": 2 * time.Second, "4": 16 * time.Second, "5": 30 * time.Second, "1000": 30 * time.Second, "0": 2 * time.Second, "-7": 2 * time.Second, "": 2 * time.Second} {
		if got := pause(receives); got != want {
			t.Errorf("%q: %v, want %v", receives, got, want)
		}
	}
}

// Whatever fails: of each group a first few parts are done, all the others come again and are returned
// together, unless they are another's.
func TestAGroupIsDoneFromItsBeginning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		w := world{receives: 1}
		for i, g := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "x"}), 0, 10).Draw(t, "groups") {
			text := fmt.Sprint(g, i)
			texts = append(texts, text)
			switch rapid.IntRange(0, 5).Draw(t, "fate") {
			case 0:
				w.fails = append(w.fails, text)
			case 1:
				w.queue.lost = append(w.queue.lost, text)
			}
		}
		again := w.handle(rapidTB{t: t}, context.Background(), texts...)
		stuck := map[string]bool{}
		for _, text := range texts {
			group, lost := text[:1], slices.Contains(w.queue.lost, text)
			if group == "x" {
				group = text // no part, so nothing follows it
			}
			stuck[group] = stuck[group] || lost || group != text && slices.Contains(w.fails, text)
			if slices.Contains(again, text) != stuck[group] {
				t.Fatalf("%s comes again: %v, of %q", text, !stuck[group], again)
			}
			back := slices.ContainsFunc(w.queue.returned, func(r string) bool { return strings.HasPrefix(r, text+" ") })
			if back != (stuck[group] && !lost) {
				t.Fatalf("%s is returned: %v, of %q", text, back, w.queue.returned)
			}
		}
	})
}

// rapidTB lets handle fail a rapid test.
type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Helper()                           {}
func (r rapidTB) Fatalf(format string, args ...any) { r.t.Fatalf(format, args...) }

// FuzzHandle gives the function any event: it answers, and names no message that it was not given.
func FuzzHandle(f *testing.F) {
	f.Add([]byte(`{"Records":[{"messageId":"1","receiptHandle":"r","body":"{\"segment\":\"s\",\"slice\":3,\"event\":\"e\",\"said\":[{\"topics\":[\"public\"]}]}","attributes":{"ApproximateReceiveCount":"2"}},{"messageId":"2","body":"x"}]}`))
	f.Add([]byte(`{"Records":[{},{"body":"{\"slice\":-1}"}]}`))
	f.Add([]byte(`{"Records":[{"messageId":"1","body":"{\"segment\":\"s\",\"event\":\"e\",\"said\":[{\"topics\":[\"public\"]}]}","attributes":{"DeadLetterQueueSourceArn":"q"}},{"messageId":"2","attributes":{"DeadLetterQueueSourceArn":"q"}}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var e events.SQSEvent
		if json.Unmarshal(text, &e) != nil {
			return
		}
		h := handler{queue: &fakeQueue{}, log: slog.New(slog.DiscardHandler),
			report:  func(context.Context, []byte, string) error { return nil },
			observe: func(publish.Tally) {},
			forget:  func(context.Context, publish.Part) error { return nil },
			deliver: func(_ context.Context, parts []publish.Part) []int { return []int{len(parts) - 1} }}
		answer, err := h.handle(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range answer.BatchItemFailures {
			if !slices.ContainsFunc(e.Records, func(m events.SQSMessage) bool { return m.MessageId == f.ItemIdentifier }) {
				t.Errorf("%q was not in the batch", f.ItemIdentifier)
			}
		}
	})
}

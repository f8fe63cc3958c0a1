package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
)

// leased is a queue that answers each Hold in turn, the last answer again and again.
type leased struct {
	answers []any // nil: all are held; an error; a receipt: it is lost
	at      []time.Duration
	began   time.Time
}

func (q *leased) Hold(_ context.Context, receipts []string, d time.Duration) ([]bool, error) {
	q.at = append(q.at, time.Since(q.began))
	answer := q.answers[min(len(q.at), len(q.answers))-1]
	held := make([]bool, len(receipts))
	for i, r := range receipts {
		held[i] = answer != r
	}
	err, _ := answer.(error)
	return held, err
}

func (q *leased) Return(context.Context, ...sqs.Returned) error { return nil }

func TestALeaseIsRenewedWhileItsMessagesAreDelivered(t *testing.T) {
	down := errors.New("down")
	for name, tt := range map[string]struct {
		answers []any
		takes   time.Duration
		ends    time.Duration // when what delivers is stopped; 0: it is not
		asked   int
	}{
		"a short batch":                  {[]any{nil}, renewal - 1, 0, 1},
		"a long batch":                   {[]any{nil}, 4*renewal + 1, 0, 5},
		"lost on the way":                {[]any{nil, nil, "b1"}, time.Hour, 2 * renewal, 3},
		"some calls fail":                {[]any{nil, down, down, nil}, 3*renewal + 1, 0, 4},
		"all calls fail, but the first":  {[]any{nil, down}, time.Hour, 3 * renewal, 4},
		"all calls fail":                 {[]any{down}, 10*renewal + 1, 0, 11},
		"one of a group is lost at once": {[]any{"a2", nil}, renewal + 1, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &leased{answers: tt.answers, began: time.Now()}
				var ended time.Duration
				h := handler{queue: q, log: slog.New(slog.DiscardHandler), deliver: func(ctx context.Context, parts []publish.Part) (failed []int) {
					select {
					case <-time.After(tt.takes):
					case <-ctx.Done():
						ended = time.Since(q.began)
						for i := range parts {
							failed = append(failed, i)
						}
					}
					return failed
				}}
				answer, err := h.handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record("a1", 1), record("a2", 1), record("b1", 1)}})
				if err != nil || ended != tt.ends || len(q.at) != tt.asked {
					t.Errorf("%v, stopped after %v, asked at %v", err, ended, q.at)
				}
				again := len(answer.BatchItemFailures)
				if want := map[bool]int{true: 3, false: 0}[tt.ends > 0]; again != want && !slices.Contains(tt.answers, any("a2")) {
					t.Errorf("%d come again, want %d", again, want)
				}
				time.Sleep(time.Hour)
				if len(q.at) != tt.asked {
					t.Errorf("asked at %v, after the end", q.at)
				}
			})
		})
	}
}

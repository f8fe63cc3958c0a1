package lease

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// leased is a queue that answers each Hold in turn, the last answer again and again.
type leased struct {
	answers []any // nil: all are held; an error, or none at all (errSilent); a receipt: it is lost
	at      []time.Duration
	began   time.Time
}

// errSilent is the error of a Hold that has no answer.
var errSilent = errors.New("no answer")

func (q *leased) Hold(ctx context.Context, receipts []string, d time.Duration) ([]bool, error) {
	q.at = append(q.at, time.Since(q.began))
	answer := q.answers[min(len(q.at), len(q.answers))-1]
	held := make([]bool, len(receipts))
	for i, r := range receipts {
		held[i] = answer != r
	}
	err, _ := answer.(error)
	if err == errSilent {
		<-ctx.Done()
	}
	return held, err
}

func TestALeaseIsRenewedWhileItsMessagesAreDelivered(t *testing.T) {
	down := errors.New("down")
	for name, tt := range map[string]struct {
		answers []any
		takes   time.Duration
		ends    time.Duration // when what delivers is stopped; 0: it is not
		asked   int
	}{
		"a short batch":                  {[]any{nil}, Renewal - 1, 0, 1},
		"a long batch":                   {[]any{nil}, 4*Renewal + 1, 0, 5},
		"lost on the way":                {[]any{nil, nil, "b1"}, time.Hour, 2 * Renewal, 3},
		"some calls fail":                {[]any{nil, down, down, nil}, 3*Renewal + 1, 0, 4},
		"all calls fail, but the first":  {[]any{nil, down}, time.Hour, 3 * Renewal, 4},
		"the last chance has no answer":  {[]any{nil, down, down, errSilent}, time.Hour, For - spare, 4},
		"none has an answer":             {[]any{nil, errSilent}, time.Hour, 3 * Renewal, 3},
		"all calls fail":                 {[]any{down}, 10*Renewal + 1, 0, 11},
		"one of a group is lost at once": {[]any{"a2", nil}, Renewal + 1, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &leased{answers: tt.answers, began: time.Now()}
				var ended time.Duration
				receipts := []string{"a1", "a2", "b1"}
				mine, held, release := Holder{Queue: q, Log: slog.New(slog.DiscardHandler)}.Hold(t.Context(), receipts)
				select {
				case <-time.After(tt.takes):
				case <-held.Done():
					ended = time.Since(q.began)
				}
				release()
				if ended != tt.ends || len(q.at) != tt.asked {
					t.Errorf("stopped after %v, asked at %v", ended, q.at)
				}
				for i, r := range receipts {
					if mine[i] == (tt.answers[0] == r) {
						t.Errorf("%s is the instance's: %v", r, mine[i])
					}
				}
				time.Sleep(time.Hour)
				if len(q.at) != tt.asked {
					t.Errorf("asked at %v, after the end", q.at)
				}
			})
		})
	}
}

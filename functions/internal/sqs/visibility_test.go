package sqs

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/publish"
	local "edgestream/infra/local/sqs"
)

func TestAMessageIsHeldAndReturned(t *testing.T) {
	s := newLocal(t)
	q := newParts(t, s)
	var parts []publish.Part
	for i := range 12 {
		parts = append(parts, partOf("s", i, "e", ""))
	}
	q.Send(t.Context(), parts)
	receipts := receive(t, s)
	if len(receipts) != 10 {
		t.Fatalf("%d messages", len(receipts))
	}
	receipts = append(receipts, receive(t, s)...)
	if held, err := q.Hold(t.Context(), receipts, time.Hour); err != nil || slices.Contains(held, false) || len(held) != 12 {
		t.Errorf("%v, %v", held, err)
	}
	if err := q.Return(t.Context(), Returned{receipts[11], 0}, Returned{receipts[3], time.Second - 1}); err != nil {
		t.Error(err)
	}
	again := receive(t, s)
	if len(again) != 2 {
		t.Errorf("%d messages came again", len(again))
	}
	held, err := q.Hold(t.Context(), receipts, time.Minute)
	if want := []bool{true, true, true, false, true, true, true, true, true, true, true, false}; err != nil || !slices.Equal(held, want) {
		t.Errorf("held %v, %v", held, err)
	}
	if err := q.Return(t.Context(), Returned{receipts[3], 0}); err == nil || !strings.Contains(err.Error(), "Inflight") {
		t.Errorf("error %v", err)
	}
}

func receive(t *testing.T, s *local.Service) (receipts []string) {
	t.Helper()
	got, err := s.ReceiveMessage(t.Context(), deliver, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got {
		receipts = append(receipts, m.ReceiptHandle)
	}
	return receipts
}

func TestWhatCannotBeAskedIsHeld(t *testing.T) {
	for name, answer := range map[string]string{"refused": "", "no JSON": "<", "throttled": `{"Failed":[{"Id":"0","Code":"RequestThrottled","SenderFault":true}]}`} {
		t.Run(name, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if answer == "" {
					w.WriteHeader(http.StatusForbidden)
				}
				_, _ = io.WriteString(w, answer)
			})
			held, err := newParts(t, h).Hold(t.Context(), []string{"r"}, time.Second)
			if !slices.Equal(held, []bool{true}) || (err == nil) != (name == "throttled") {
				t.Errorf("%v, %v", held, err)
			}
		})
	}
}

package records

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

// answer is what a handler says whose batch fails at these sequence numbers, and what it got.
func answer(t *testing.T, ctx context.Context, event string, failed ...string) (text string, got []string, left time.Duration) {
	t.Helper()
	handler := Handler(func(r json.RawMessage) string { return string(r) }, 2*time.Second, func(ctx context.Context, changes []string) []string {
		got = changes
		if deadline, ok := ctx.Deadline(); ok {
			left = time.Until(deadline)
		}
		return failed
	})
	response, err := handler(ctx, json.RawMessage(event))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), got, left
}

func TestRecordsAreHandedOnAsTheyCame(t *testing.T) {
	text, got, _ := answer(t, t.Context(), `{"Records":[{"a": 1}, 7 ,"x"]}`)
	if text != `{"batchItemFailures":[]}` || !slices.Equal(got, []string{`{"a": 1}`, `7`, `"x"`}) {
		t.Errorf("%s %q", text, got)
	}
}

func TestFailuresAreNamedBySequenceNumber(t *testing.T) {
	text, _, _ := answer(t, t.Context(), `{"Records":[]}`, "100", "300")
	if text != `{"batchItemFailures":[{"itemIdentifier":"100"},{"itemIdentifier":"300"}]}` {
		t.Error(text)
	}
}

func TestThereIsTimeToAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, left := answer(t, ctx, `{"Records":[]}`); left > 58*time.Second || left < 30*time.Second {
		t.Errorf("%v left", left)
	}
	if _, _, left := answer(t, t.Context(), `{"Records":[]}`); left != 0 {
		t.Errorf("%v left of no deadline", left)
	}
}

func TestWhatIsNoBatchIsAnError(t *testing.T) {
	for _, event := range []string{``, `{`, `null`, `[]`, `{}`, `"x"`, `{"Records":null}`, `{"Records":{}}`} {
		handler := Handler(func(json.RawMessage) int { return 0 }, 0, func(context.Context, []int) []string {
			t.Errorf("%q was handled", event)
			return nil
		})
		if _, err := handler(t.Context(), json.RawMessage(event)); !errors.Is(err, ErrNoBatch) {
			t.Errorf("event %q: %v", event, err)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// failing is a publisher that keeps what it is given and fails some of it.
type failing struct {
	sequences []string
	got       []stream.Change
}

func (f *failing) Publish(_ context.Context, changes []stream.Change) []string {
	f.got = changes
	return f.sequences
}

const insert = `{"eventID":"e1","eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1700000000,` +
	`"Keys":{"owner":{"S":"1"},"id":{"S":"filter#1"}},"NewImage":{"owner":{"S":"1"},"id":{"S":"filter#1"},"kind":{"S":"filter"}},"SequenceNumber":"100"}}`

func answer(t *testing.T, p publisher, event string) string {
	t.Helper()
	got, err := handler(p, dynamo.Change)(t.Context(), json.RawMessage(event))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRecordsBecomeChangesAndStayWhole(t *testing.T) {
	p := &failing{}
	if got := answer(t, p, `{"Records":[`+insert+`, 7]}`); got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	if len(p.got) != 2 || p.got[0].Owner != "1" || p.got[0].Sequence != "100" || string(p.got[0].Raw) != insert {
		t.Fatalf("changes %+v", p.got)
	}
	if p.got[1].Problem == nil || string(p.got[1].Raw) != "7" {
		t.Errorf("a record that is none: %+v", p.got[1])
	}
}

func TestFailuresAreNamedBySequenceNumber(t *testing.T) {
	p := &failing{sequences: []string{"100", "300"}}
	want := `{"batchItemFailures":[{"itemIdentifier":"100"},{"itemIdentifier":"300"}]}`
	if got := answer(t, p, `{"Records":[]}`); got != want {
		t.Errorf("answer %s", got)
	}
}

func TestWhatIsNoBatchIsAnError(t *testing.T) {
	for _, event := range []string{``, `{`, `null`, `[]`, `{}`, `"x"`, `{"Records":null}`, `{"Records":{}}`} {
		p := &failing{}
		if _, err := handler(p, dynamo.Change)(t.Context(), json.RawMessage(event)); !errors.Is(err, errNoRecords) || p.got != nil {
			t.Errorf("event %q: %v", event, err)
		}
	}
}

// FuzzHandler: whatever Lambda hands over, there is an answer, and each record is one change.
func FuzzHandler(f *testing.F) {
	f.Add(`{"Records":[` + insert + `]}`)
	f.Add(`{"Records":[{"dynamodb":{"Keys":null,"NewImage":[]}}]}`)
	f.Fuzz(func(t *testing.T, event string) {
		p := &failing{}
		_, err := handler(p, dynamo.Change)(t.Context(), json.RawMessage(event))
		for _, c := range p.got {
			messages, refused := c.Messages()
			if err != nil || len(messages) > 0 && refused != nil {
				t.Errorf("%d messages, %v, %v", len(messages), refused, err)
			}
		}
	})
}

func TestATallyBecomesOneLineOfMetrics(t *testing.T) {
	var out, log bytes.Buffer
	o := observer{metric.New(&out, "Edgestream", "publish"), slog.New(slog.NewTextHandler(&log, nil))}
	o.observe(publish.Tally{Records: 1, Messages: 2, Listeners: 3, Deliveries: 4, Parked: 5, Gone: 6, Closed: 7, TooLarge: 8,
		Retried: 9, Throttled: 10, Poison: 11, Failed: 12, Recorded: 13, Deferred: 14, Filtered: 15, Annotated: 16, Latency: 1500 * time.Millisecond})
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"Records": 1, "Messages": 2, "Listeners": 3, "Deliveries": 4, "Parked": 5, "Gone": 6,
		"Closed": 7, "TooLarge": 8, "Retried": 9, "Throttled": 10, "Poison": 11, "Failed": 12,
		"Recorded": 13, "Deferred": 14, "Filtered": 15, "Annotated": 16, "Latency": 1500} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Count(out.String(), "\n") != 1 || log.Len() > 0 {
		t.Errorf("wrote %q, logged %q", out.String(), log.String())
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestMetricsThatCannotBeWrittenAreLogged(t *testing.T) {
	var log bytes.Buffer
	observer{metric.New(closedPipe{}, "n", "f"), slog.New(slog.NewTextHandler(&log, nil))}.observe(publish.Tally{Records: 1})
	if !strings.Contains(log.String(), "closed pipe") {
		t.Errorf("logged %q", log.String())
	}
}

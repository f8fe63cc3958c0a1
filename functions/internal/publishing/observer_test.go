package publishing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
)

func TestATallyBecomesOneLineOfMetrics(t *testing.T) {
	var out, log bytes.Buffer
	o := observer{metric.New(&out, "Edgestream", "publish"), slog.New(slog.NewTextHandler(&log, nil))}
	o.observe(publish.Tally{Records: 1, Messages: 2, Listeners: 3, Deliveries: 4, Parked: 5, Sent: 13, Gone: 6, Closed: 7, TooLarge: 8,
		Retried: 9, Throttled: 10, Poison: 11, Failed: 12, Latency: 1500 * time.Millisecond,
		Latencies: []time.Duration{1500 * time.Millisecond, 20 * time.Millisecond}, Audiences: []int{2, 1}})
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"Records": 1, "Deliveries": 4, "Parked": 5, "Sent": 13, "Gone": 6,
		"Closed": 7, "TooLarge": 8, "Retried": 9, "Throttled": 10, "Poison": 11, "Failed": 12} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	for name, want := range map[string]string{"Latency": "[1500 20]", "Audience": "[2 1]"} {
		if got := fmt.Sprint(line[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
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

package dynamo

import (
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// TestWhatASweepCosts pins what it costs to keep quiet connections open: a thousand that are due in one
// minute, as of 120,000 that came evenly over two hours.
func TestWhatASweepCosts(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "") // see TestWhatEachOperationCosts
	client, _, name := newTable(t, "pk", "sk")
	c := NewConnections(client, name, Limits{})
	var m meter
	c.Meter(m.add)
	q := &quietly{active: map[string]time.Time{}}
	sweeper := sweep.New(sweep.Config{Table: c, Transport: q, Calls: 1,
		KeepAlive: func(stream.Session, stream.Subscription) []byte { return nil }})
	run := func(due int) (read, write float64) {
		t.Helper()
		// Progress does not go back: the table is made to forget it.
		if _, err := c.table.Call(t.Context(), "DeleteItem", table.Parameters{"Key": progressKey()}); err != nil {
			t.Fatal(err)
		}
		if err := c.Advance(t.Context(), sweep.Progress{Until: time.Now().Add(-time.Minute), Due: due}); err != nil {
			t.Fatal(err)
		}
		m.reset()
		if err := sweeper.Sweep(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		return m.read, m.write
	}
	idle, write := run(0)
	t.Logf("a run with nothing to do: %v read units, %v write units", idle, write)
	if idle > 13 || write != 1 {
		t.Errorf("a run with nothing to do costs %v read and %v write units", idle, write)
	}
	wide, _ := run(1000)
	for i := range 1000 {
		s := connected(t, c, fmt.Sprintf("PJqB0fHsqR%05d=", i), 550*time.Second+time.Duration(i)*40*time.Millisecond,
			stream.Subscription{Stream: stream.User}, stream.Subscription{Stream: stream.Public})
		q.active[s.ID] = s.ConnectedAt
	}
	read, write := run(1000)
	if q.asked != 1000 || q.posted != 1000 || write != 1 {
		t.Errorf("%d looked at, %d kept alive, %v written", q.asked, q.posted, write)
	}
	look := (read - wide) / 1000
	const perHour = 100_000 * float64(time.Hour/time.Second)
	t.Logf("100,000 quiet connections, an hour: %.0f read units (%.0f whoever is there, %.4f each look), %.0f questions, %.0f posts",
		60*wide+look*perHour/sweep.Every.Seconds(), 60*wide, look, perHour/sweep.Every.Seconds(), perHour/(2*sweep.Every.Seconds()))
	if look > 0.06 {
		t.Errorf("a look costs %.4f read units: rows have grown", look)
	}
}

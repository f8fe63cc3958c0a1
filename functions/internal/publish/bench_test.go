package publish

import (
	"context"
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// still is a world in which everything is accepted at once.
type still map[stream.Topic]stream.Audience

func (s still) Listeners(context.Context, []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	return s, nil
}
func (still) Defer(context.Context, stream.Listener) (bool, error) {
	return false, nil
}
func (still) Forget(context.Context, stream.Listener) error              { return nil }
func (still) HandOver(context.Context, stream.Listener, time.Time) error { return nil }
func (still) Post(context.Context, string, []byte) error                 { return nil }
func (still) Disconnect(context.Context, string) error                   { return nil }
func (still) Greet(context.Context, stream.Greeting) error               { return nil }
func (still) Report(context.Context, []byte, string) error               { return nil }
func (still) encode(stream.Subscription, stream.Message) []byte          { return []byte("frame") }
func (s still) publisher() *Publisher {
	return New(Config{Directory: s, Poster: s, Greeter: s, Reporter: s, Encode: s.encode})
}

func manyListeners(n int) still {
	w := newWorld(nil)
	for i := range n {
		w.user(fmt.Sprintf("connection%d=", i), "1")
	}
	s := still{}
	for topic, listeners := range w.listeners {
		s[topic] = stream.Audience{Listeners: listeners}
	}
	return s
}

func benchmarkPublish(b *testing.B, listeners, changes int) {
	p := manyListeners(listeners).publisher()
	var batch []stream.Change
	for n := range changes {
		batch = append(batch, say(n, fmt.Sprint("owner", n%10), "1"))
	}
	b.ReportAllocs()
	for b.Loop() {
		if failed := p.Publish(b.Context(), batch); len(failed) > 0 {
			b.Fatal(failed)
		}
	}
	deliveries := float64(b.N * listeners * changes)
	b.ReportMetric(b.Elapsed().Seconds()*1e9/deliveries, "ns/delivery")
}

func BenchmarkPublishOneChangeTo1000Listeners(b *testing.B)   { benchmarkPublish(b, 1000, 1) }
func BenchmarkPublish100ChangesTo1000Listeners(b *testing.B)  { benchmarkPublish(b, 1000, 100) }
func BenchmarkPublish100ChangesTo10000Listeners(b *testing.B) { benchmarkPublish(b, 10000, 100) }
func BenchmarkPublishOneChangeToOneListener(b *testing.B)     { benchmarkPublish(b, 1, 1) }

// TestMemoryDoesNotGrowWithDeliveries pins what a batch allocates: per listener and per change,
// but not per delivery.
func TestMemoryDoesNotGrowWithDeliveries(t *testing.T) {
	const listeners, changes = 200, 100
	p := manyListeners(listeners).publisher()
	var batch []stream.Change
	for n := range changes {
		batch = append(batch, say(n, "x", "1"))
	}
	allocs := testing.AllocsPerRun(2, func() { p.Publish(t.Context(), batch) })
	if limit := float64(4*listeners + 30*changes); allocs > limit {
		t.Errorf("%.0f allocations for %d deliveries, want at most %.0f", allocs, listeners*changes, limit)
	}
}

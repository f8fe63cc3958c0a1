package publish

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/viewer"
)

// everybody is the Source of accounts of which each filters in its own way.
type everybody struct{}

func (everybody) Viewers(_ context.Context, accounts []string) (map[string]*viewer.Viewer, error) {
	got := map[string]*viewer.Viewer{}
	for _, account := range accounts {
		got[account] = viewer.New(tastes(account))
	}
	return got, nil
}

// tastes are fifty blocks and three filters of two keywords, one of which matches one status in ten.
func tastes(account string) viewer.Data {
	var d viewer.Data
	for n := range 50 {
		d.Blocks = append(d.Blocks, fmt.Sprint(account, "-", n))
	}
	for n := range 3 {
		d.Filters = append(d.Filters, viewer.Filter{ID: fmt.Sprint(account, n), Title: "spoilers", Keywords: []viewer.Keyword{
			{Keyword: fmt.Sprint("tag", n), WholeWord: true}, {Keyword: "spoiler of " + account}}})
	}
	d.Filters[2].Keywords[0].Keyword = "finale"
	return d
}

// timeline is a batch of public statuses of about three kilobytes each.
func timeline(statuses int) (batch []stream.Change) {
	for n := range statuses {
		text := strings.Repeat("<p>Ein längerer Text, wie er auf einer öffentlichen Zeitleiste steht.</p>", 35)
		if n%10 == 0 {
			text += "<p>the finale</p>"
		}
		batch = append(batch, post(n, fmt.Sprint("author", n), text))
	}
	return batch
}

// filtered is a publisher whose public stream has so many listeners, some of whom filter.
func filtered(listeners, percent int) *Publisher {
	w := newWorld(nil)
	for i := range listeners {
		l := w.listen(fmt.Sprintf("connection%d=", i), fmt.Sprint("account", i), public)
		if i%100 < percent {
			l.Viewer = viewer.New(tastes(l.Account)).Version()
		}
	}
	s := still{stream.PublicTopic(): {Listeners: w.listeners[stream.PublicTopic()]}}
	p := s.publisher()
	p.Encode, p.Viewers = mastodon.Frame, viewer.NewCache(everybody{}, time.Minute, 1<<20)
	return p
}

// BenchmarkFiltered is what viewers that filter cost: ratio is to a batch in which nobody does.
func BenchmarkFiltered(b *testing.B) {
	const listeners, statuses = 1000, 20
	batch := timeline(statuses)
	var alone float64
	for _, percent := range []int{0, 10, 100} {
		b.Run(fmt.Sprint(percent), func(b *testing.B) {
			p := filtered(listeners, percent)
			b.ReportAllocs()
			for b.Loop() {
				if failed := p.Publish(b.Context(), batch); len(failed) > 0 {
					b.Fatal(failed)
				}
			}
			each := b.Elapsed().Seconds() * 1e9 / float64(b.N*listeners*statuses)
			if percent == 0 {
				alone = each
			}
			b.ReportMetric(each, "ns/delivery")
			b.ReportMetric(each/alone, "ratio")
		})
	}
}

// TestWhatOneViewerFiltersCostsTheOthersNothing pins what listeners who filter allocate: others keep
// the shared frame.
func TestWhatOneViewerFiltersCostsTheOthersNothing(t *testing.T) {
	const listeners, statuses = 200, 20
	batch := timeline(statuses)
	allocs := func(percent int) float64 {
		p := filtered(listeners, percent)
		return testing.AllocsPerRun(2, func() { p.Publish(t.Context(), batch) })
	}
	none, some, all := allocs(0), allocs(10), allocs(100)
	if limit := none + (all-none)/10 + 30*statuses + listeners; some > limit {
		t.Errorf("%.0f allocations with a tenth of viewers, %.0f without and %.0f with all", some, none, all)
	}
	if limit := float64(4*listeners + 30*statuses); none > limit {
		t.Errorf("%.0f allocations without viewers, want at most %.0f", none, limit)
	}
}

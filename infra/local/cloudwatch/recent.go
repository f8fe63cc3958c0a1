package cloudwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is how far back Recent looks.
const Window = 10 * time.Second

// maxKept is how many values of one metric are kept for Recent; of more, the last.
const maxKept = 1000

// recent holds what was measured lately, by metric whatever its dimensions.
type recent map[[2]string]*lately

type lately struct {
	distribution bool
	suffix       string
	at           []time.Time
	values       []float64
}

func (r recent) put(now time.Time, m Metric, distribution bool, u unit, values []float64) {
	l := r[[2]string{m.Namespace, m.Name}]
	if l == nil {
		l = &lately{distribution: distribution, suffix: map[string]string{"_seconds": " s", "_bytes": " B"}[u.suffix]}
		r[[2]string{m.Namespace, m.Name}] = l
	}
	for _, v := range values {
		l.at, l.values = append(l.at, now), append(l.values, v*u.factor)
	}
	if excess := len(l.at) - maxKept; excess > 0 {
		l.at, l.values = slices.Delete(l.at, 0, excess), slices.Delete(l.values, 0, excess)
	}
}

// Recent says in a few words what the metrics of the namespaces that are wanted were in the last
// Window: sums of what was counted, median and greatest of what was measured.
func (s *Store) Recent(wanted func(namespace, name string) bool) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Now().Add(-Window)
	var words []string
	for id, l := range s.recent {
		i, _ := slices.BinarySearchFunc(l.at, since, time.Time.Compare)
		l.at, l.values = slices.Delete(l.at, 0, i), slices.Delete(l.values, 0, i)
		if len(l.values) > 0 && wanted(id[0], id[1]) {
			words = append(words, id[1]+" "+l.words())
		}
	}
	slices.Sort(words)
	return words
}

func (l *lately) words() string {
	if !l.distribution {
		sum := 0.0
		for _, v := range l.values {
			sum += v
		}
		return short(sum) + l.suffix
	}
	sorted := slices.Sorted(slices.Values(l.values))
	median, most := short(sorted[len(sorted)/2]), short(sorted[len(sorted)-1])
	if median == most {
		return most + l.suffix
	}
	return median + l.suffix + " (" + most + ")"
}

// short is a number for people.
func short(v float64) string {
	text := fmt.Sprintf("%.2f", v)
	if v >= 10 || v == float64(int64(v)) {
		text = fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSuffix(text, ".00")
}

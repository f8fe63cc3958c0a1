package cloudwatch

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// ServeHTTP answers with the metrics as Prometheus text.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metrics can only be read", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	io.WriteString(w, s.text())
}

// text is one family after the other, each with its series together.
func (s *Store) text() string {
	gauges := s.gauges() // which may take a while
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*series, 0, len(s.series))
	for _, one := range s.series {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(a.labels, b.labels))
	})
	var b strings.Builder
	before := ""
	for _, one := range all {
		if one.name() != before {
			before = one.name()
			head(&b, before, one.help, one.kind())
		}
		one.write(&b)
	}
	writeGauges(&b, gauges)
	return b.String()
}

func head(b *strings.Builder, name, help, kind string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help), name, kind)
}

func (s *series) kind() string {
	if s.buckets == nil {
		return "counter"
	}
	return "histogram"
}

// name ends in _total for a counter.
func (s *series) name() string {
	if s.buckets == nil {
		return s.family + "_total"
	}
	return s.family
}

func (s *series) write(b *strings.Builder) {
	if s.buckets == nil {
		fmt.Fprintf(b, "%s%s %s\n", s.name(), s.labels, number(s.sum))
		return
	}
	var below uint64
	for i, bound := range s.buckets {
		below += s.counts[i]
		fmt.Fprintf(b, "%s_bucket%s %d\n", s.family, with(s.labels, `le="`+number(bound)+`"`), below)
	}
	fmt.Fprintf(b, "%s_bucket%s %d\n", s.family, with(s.labels, `le="+Inf"`), s.count)
	fmt.Fprintf(b, "%s_sum%s %s\n%s_count%s %d\n", s.family, s.labels, number(s.sum), s.family, s.labels, s.count)
}

// with is the labels with one more.
func with(labels, label string) string {
	if labels == "" {
		return "{" + label + "}"
	}
	return strings.TrimSuffix(labels, "}") + "," + label + "}"
}

func writeGauges(b *strings.Builder, gauges []Gauge) {
	before := ""
	for _, g := range gauges {
		u := unitOf(g.Unit)
		name := u.family(g.Metric)
		if name != before {
			before = name
			head(b, name, g.Namespace+" "+g.Name, "gauge")
		}
		fmt.Fprintf(b, "%s%s %s\n", name, labelsOf(g.Dimensions), number(g.Value*u.factor))
	}
}

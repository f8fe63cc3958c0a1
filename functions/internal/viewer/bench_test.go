package viewer

import (
	"fmt"
	"strings"
	"testing"
)

// essay is a status of 500 characters of prose, as long as Mastodon allows.
func essay(t testing.TB) *Status {
	prose := strings.Repeat("The quick brown fox jumps over the lazy dog, and nobody minds. ", 8)[:500]
	return read(t, fmt.Sprintf(`{"account":{"id":"7","acct":"eve@far.example"},"mentions":[{"id":"8"}],"language":"en","content":"<p>%s</p>"}`, prose))
}

// manyFilters is a viewer with 10,000 blocks, and n filters of three keywords that do not match.
func manyFilters(n int) *Viewer {
	d := Data{Languages: []string{"en"}, BlockedDomains: []string{"other.example"}}
	for i := range 10_000 {
		d.Blocks = append(d.Blocks, fmt.Sprintf("1098765432109%05d", i))
	}
	for i := range n {
		f := words(fmt.Sprint("thematic", i), fmt.Sprint("the th", i))
		f.Keywords = append(f.Keywords, parts(fmt.Sprint("nobody minds at all", i)).Keywords...)
		d.Filters = append(d.Filters, f)
	}
	return New(d)
}

func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{0, 10, 100} {
		b.Run(fmt.Sprint(n, " filters"), func(b *testing.B) {
			v, s := manyFilters(n), essay(b)
			b.ReportAllocs()
			for b.Loop() {
				if v.Judge(s, noon).Drop {
					b.Fatal("dropped")
				}
			}
		})
	}
}

func BenchmarkReadStatus(b *testing.B) {
	payload := []byte(`{"account":{"id":"7","acct":"eve@far.example"},"content":"<p>` + strings.Repeat("Привет, мир! Hello, world! ", 20) + `</p>"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadStatus(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAttach(b *testing.B) {
	payload := []byte(`{"account":{"id":"7","note":"` + strings.Repeat("note ", 300) + `"},"content":"` + strings.Repeat("text ", 300) + `","filtered":[]}`)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		Attach(payload, nothing)
	}
}

// TestWhatIsAllocated pins that judging allocates nothing unless a filter matches, and then by
// match and not by filter.
func TestWhatIsAllocated(t *testing.T) {
	s := essay(t)
	for _, n := range []int{0, 10, 100} {
		v := manyFilters(n)
		if got := testing.AllocsPerRun(100, func() { v.Judge(s, noon) }); got != 0 {
			t.Errorf("%d filters that do not match: %v allocations", n, got)
		}
	}
	v := New(Data{Filters: append([]Filter{words("fox")}, parts("nowhere"), parts("QUICK"))})
	if got := testing.AllocsPerRun(100, func() { v.Judge(s, noon) }); got > 12 {
		t.Errorf("two matches: %v allocations", got)
	}
	payload := []byte(`{"content":"x","account":{}}`)
	if got := testing.AllocsPerRun(100, func() { Attach(payload, nothing) }); got > 2 {
		t.Errorf("attaching: %v allocations", got)
	}
}

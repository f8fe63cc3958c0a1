package viewer

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func full() Data {
	return Data{
		Languages: []string{"en", "de"}, Blocks: []string{"1", "2", "3"}, Mutes: []string{"4"}, BlockedBy: []string{"5"}, BlockedDomains: []string{"a.example", "b.example"},
		Filters: []Filter{
			{ID: "1", Title: "t", Context: []string{"home"}, ExpiresAt: noon, Action: "hide", Keywords: []Keyword{{"x", true}, {"y", false}}},
			{ID: "2"},
		},
	}
}

func TestVersionsTellViewersApart(t *testing.T) {
	want := New(full()).Version()
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{8}$`).MatchString(want) {
		t.Errorf("version %q", want)
	}
	seen := map[string]string{want: "the whole"}
	for name, change := range map[string]func(*Data){
		"a language less":        func(d *Data) { d.Languages = d.Languages[1:] },
		"a block more":           func(d *Data) { d.Blocks = append(d.Blocks, "9") },
		"ids joined":             func(d *Data) { d.Blocks = []string{"12", "3"} },
		"blocks and mutes moved": func(d *Data) { d.Blocks, d.Mutes = d.Blocks[:2], append(d.Mutes, "3") },
		"no longer blocked":      func(d *Data) { d.BlockedBy = nil },
		"a domain less":          func(d *Data) { d.BlockedDomains = d.BlockedDomains[:1] },
		"a filter's id":          func(d *Data) { d.Filters[0].ID = "3" },
		"a filter's title":       func(d *Data) { d.Filters[0].Title = "u" },
		"a filter's context":     func(d *Data) { d.Filters[0].Context = []string{"public"} },
		"a filter's end":         func(d *Data) { d.Filters[0].ExpiresAt = noon.Add(time.Millisecond) },
		"no end":                 func(d *Data) { d.Filters[0].ExpiresAt = time.Time{} },
		"a filter's action":      func(d *Data) { d.Filters[0].Action = "warn" },
		"a keyword":              func(d *Data) { d.Filters[0].Keywords[0].Keyword = "X" },
		"no whole word":          func(d *Data) { d.Filters[0].Keywords[0].WholeWord = false },
		"keywords in turn":       func(d *Data) { slices.Reverse(d.Filters[0].Keywords) },
		"filters in turn":        func(d *Data) { slices.Reverse(d.Filters) },
		"a filter less":          func(d *Data) { d.Filters = d.Filters[:1] },
	} {
		d := full()
		change(&d)
		version := New(d).Version()
		if other, ok := seen[version]; ok {
			t.Errorf("%s has the version of %s", name, other)
		}
		seen[version] = name
	}
}

func TestVersionsOfTheSameAreTheSame(t *testing.T) {
	for name, change := range map[string]func(*Data){
		"order": func(d *Data) { slices.Reverse(d.Languages); slices.Reverse(d.Blocks) },
		"repetition": func(d *Data) {
			d.Blocks = append(d.Blocks, "1", "1")
			d.BlockedDomains = append(d.BlockedDomains, "A.example")
		},
		"case of domains": func(d *Data) { d.BlockedDomains[0] = "A.Example" },
		"empty elements": func(d *Data) {
			d.Mutes = append(d.Mutes, "")
			d.Filters[0].Keywords = append(d.Filters[0].Keywords, Keyword{})
		},
		"time zone":      func(d *Data) { d.Filters[0].ExpiresAt = noon.Add(999).In(time.FixedZone("", 3600)) },
		"default action": func(d *Data) { d.Filters[1].Action, d.Filters[1].Context = "warn", []string{} },
	} {
		d := full()
		change(&d)
		if got, want := New(d).Version(), New(full()).Version(); got != want {
			t.Errorf("%s: version %s, want %s", name, got, want)
		}
	}
	for _, d := range []Data{{}, {Languages: []string{""}, Blocks: []string{}, Filters: []Filter{}}} {
		if got := New(d).Version(); got != "" {
			t.Errorf("version %q of nothing", got)
		}
	}
	if got := (*Viewer)(nil).Version(); got != "" {
		t.Errorf("version %q of nobody", got)
	}
}

func TestAViewerWithAVersionIsOneWhoFilters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawData(t)
		v := New(d)
		if filters := len(d.Languages)+len(d.Blocks)+len(d.Mutes)+len(d.BlockedBy)+len(d.BlockedDomains)+len(d.Filters) > 0; filters != (v.Version() != "") {
			t.Fatalf("version %q", v.Version())
		}
		shuffled := d
		shuffled.Blocks = append(rapid.Permutation(d.Blocks).Draw(t, "blocks"), d.Blocks...)
		if New(shuffled).Version() != v.Version() {
			t.Fatal("the order of blocks makes another version")
		}
	})
}

func TestNewKeepsItsDataAsItIs(t *testing.T) {
	d := full()
	d.Blocks = []string{"3", "1", "3"}
	New(d)
	if !slices.Equal(d.Blocks, []string{"3", "1", "3"}) || d.Filters[1].Action != "" || !d.Filters[0].ExpiresAt.Equal(noon) {
		t.Errorf("changed to %+v", d)
	}
}

package viewer

import (
	"slices"
	"strings"
	"time"
)

// Data is what an account filters, as the application wrote it. The order of the lists other than
// Filters does not matter, nor do repetitions.
type Data struct {
	// Languages are those that the account chose to see; none: all of them.
	Languages []string
	// Blocks, Mutes and BlockedBy are ids of accounts.
	Blocks, Mutes, BlockedBy []string
	// BlockedDomains are those of other servers, in any case.
	BlockedDomains []string
	Filters        []Filter
}

// Filter is a set of keywords, https://docs.joinmastodon.org/entities/Filter/.
type Filter struct {
	ID, Title string
	// Context names where the filter applies: "home", "notifications", "public", "thread", "account".
	Context []string
	// ExpiresAt is when the filter ends, to the millisecond; zero: never.
	ExpiresAt time.Time
	// Action is "warn", "hide" or "blur"; empty: "warn".
	Action   string
	Keywords []Keyword
}

// Keyword is one text of a filter. An empty one never matches.
type Keyword struct {
	Keyword   string
	WholeWord bool
}

// Viewer is what one account filters, made ready to judge by. It does not change and is safe for
// concurrent use. A nil Viewer filters nothing.
type Viewer struct {
	version   string
	languages set
	// hidden are the accounts that the viewer blocks or mutes; blockedBy those that block the viewer.
	hidden, blockedBy, domains set
	filters                    []filter
}

type set map[string]struct{}

func setOf(lists ...[]string) set {
	s := set{}
	for _, list := range lists {
		for _, element := range list {
			s[strings.Clone(element)] = struct{}{} // which may be part of a whole answer
		}
	}
	return s
}

func (s set) has(element string) bool { _, ok := s[element]; return ok }

// New makes a Viewer of its data, which it does not keep.
func New(d Data) *Viewer {
	d = d.normal()
	v := &Viewer{
		version:   d.version(),
		languages: setOf(d.Languages),
		hidden:    setOf(d.Blocks, d.Mutes),
		blockedBy: setOf(d.BlockedBy),
		domains:   setOf(d.BlockedDomains),
	}
	for _, f := range d.Filters {
		v.filters = append(v.filters, compile(f))
	}
	return v
}

// Version tells viewers apart: those that filter alike have the same one, 8 characters of
// base64url. It is empty if nothing is filtered at all.
func (v *Viewer) Version() string {
	if v == nil {
		return ""
	}
	return v.version
}

// weight is about how much memory the viewer takes, in ids and keywords.
func (v *Viewer) weight() int {
	w := 1 + len(v.languages) + len(v.hidden) + len(v.blockedBy) + len(v.domains)
	for _, f := range v.filters {
		w += 1 + len(f.needles)
	}
	return w
}

// normal is the data in the one form that all data with the same effect have.
func (d Data) normal() Data {
	lower := make([]string, len(d.BlockedDomains))
	for i, domain := range d.BlockedDomains {
		lower[i] = strings.ToLower(domain)
	}
	n := Data{
		Languages: elements(d.Languages), Blocks: elements(d.Blocks), Mutes: elements(d.Mutes),
		BlockedBy: elements(d.BlockedBy), BlockedDomains: elements(lower),
	}
	for _, f := range d.Filters {
		n.Filters = append(n.Filters, f.normal())
	}
	return n
}

// elements are the list's, sorted and each once, without the empty one.
func elements(list []string) []string {
	sorted := append([]string{}, list...) // never nil: all lists without elements are the same
	slices.Sort(sorted)
	return slices.DeleteFunc(slices.Compact(sorted), func(s string) bool { return s == "" })
}

func (f Filter) normal() Filter {
	if f.Action == "" {
		f.Action = "warn"
	}
	if f.Context == nil {
		f.Context = []string{} // an array also in JSON
	}
	if !f.ExpiresAt.IsZero() {
		f.ExpiresAt = f.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	keywords := make([]Keyword, 0, len(f.Keywords))
	for _, k := range f.Keywords {
		if k.Keyword = strings.ToValidUTF8(k.Keyword, "\uFFFD"); k.Keyword != "" {
			keywords = append(keywords, k)
		}
	}
	f.Keywords = keywords
	return f
}

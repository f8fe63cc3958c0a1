package viewer

import (
	"bytes"
	"encoding/json"
	"time"
)

// filter is a Filter made ready to search and to answer with.
type filter struct {
	needles []needle
	expires time.Time
	// result is the filter's FilterResult up to the keyword.
	result []byte
}

// compile takes a Filter in its normal form.
func compile(f Filter) filter {
	c := filter{expires: f.ExpiresAt, result: resultOf(f)}
	for _, k := range f.Keywords {
		c.needles = append(c.needles, needleOf(k))
	}
	return c
}

// resultOf has the members in the order in which Mastodon writes them.
func resultOf(f Filter) []byte {
	var expires *string
	if !f.ExpiresAt.IsZero() {
		at := f.ExpiresAt.Format("2006-01-02T15:04:05.000Z")
		expires = &at
	}
	b := quoted([]byte(`{"filter":`), struct {
		ID      string   `json:"id"`
		Title   string   `json:"title"`
		Context []string `json:"context"`
		Expires *string  `json:"expires_at"`
		Action  string   `json:"filter_action"`
	}{f.ID, f.Title, f.Context, expires, f.Action})
	return append(b, `,"keyword_matches":[`...)
}

// quoted appends v as JSON, with no escapes for the sake of HTML. Every v of this package can be
// encoded.
func quoted(b []byte, v any) []byte {
	buffer := bytes.NewBuffer(b)
	e := json.NewEncoder(buffer)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// match is the first keyword's text as it stands in t: the one that begins first, and of those
// that begin together the one that the filter names first. Empty: none is there.
func (f filter) match(t *text) string {
	from, to := len(t.folded), len(t.folded)
	for _, n := range f.needles {
		if i := t.find(n, from); i >= 0 {
			from, to = i, i+len(n.folded)
		}
	}
	return t.shown[t.at(from):t.at(to)]
}

func (f filter) ended(now time.Time) bool { return !f.expires.IsZero() && !now.Before(f.expires) }

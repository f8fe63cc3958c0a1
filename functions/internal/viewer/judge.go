package viewer

import "time"

// Verdict is what becomes of a status for one viewer.
type Verdict struct {
	// Drop says that public and hashtag streams must not show the status. Filtered is there all
	// the same, for the streams that show everything.
	Drop bool
	// Filtered is the list of FilterResults as JSON, "[]" if no filter matches; nil if the viewer
	// has no filters. It may be shared, and must not be changed.
	Filtered []byte
}

// nothing is the list for a viewer none of whose filters match.
var nothing = []byte("[]")

// Judge decides what becomes of the status at the time now, which a filter's end is compared with.
func (v *Viewer) Judge(s *Status, now time.Time) Verdict {
	if v == nil {
		return Verdict{}
	}
	return Verdict{Drop: v.drops(s), Filtered: v.filtered(s, now)}
}

func (v *Viewer) drops(s *Status) bool {
	switch {
	case s.language != "" && len(v.languages) > 0 && !v.languages.has(s.language),
		v.hidden.has(s.author), v.blockedBy.has(s.author), v.domains.has(s.domain):
		return true
	}
	for _, mentioned := range s.mentioned {
		if v.hidden.has(mentioned) {
			return true
		}
	}
	return false
}

func (v *Viewer) filtered(s *Status, now time.Time) []byte {
	if len(v.filters) == 0 {
		return nil
	}
	list := nothing
	for _, f := range v.filters {
		if f.ended(now) {
			continue
		}
		if match := f.match(&s.text); match != "" {
			list = appendResult(list, f, match)
		}
	}
	return list
}

// appendResult returns a list with one result more. It does not change nothing.
func appendResult(list []byte, f filter, match string) []byte {
	if len(list) == len(nothing) {
		list = append(make([]byte, 0, len(f.result)+len(match)+64), '[')
	} else {
		list[len(list)-1] = ','
	}
	list = quoted(append(list, f.result...), match)
	return append(list, `],"status_matches":null}]`...)
}

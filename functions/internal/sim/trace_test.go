package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// trace is what happened in a run, in order.
type trace struct {
	start time.Time
	lines []line
	// wrong is what went wrong.
	wrong []wrong
}

type line struct {
	mark
	at   time.Duration
	text string
}

// mark says whom a line concerns: nothing said, all.
type mark struct {
	client, owner string
	records       []*record
}

// wrong is a rule that was broken, and for whom.
type wrong struct {
	mark
	at   time.Duration
	text string
}

func (w wrong) String() string { return fmt.Sprintf("%10.4f %s", w.at.Seconds(), w.text) }

// of is the mark of a connection.
func of(id string) mark {
	client, _, _ := strings.Cut(id, ".")
	return mark{client: client}
}

func markOf(batch []*record) mark { return mark{records: batch} }

func (t *trace) note(m mark, format string, args ...any) {
	t.lines = append(t.lines, line{m, time.Since(t.start), fmt.Sprintf(format, args...)})
}

// fail notes what is wrong with nobody in particular.
func (t *trace) fail(format string, args ...any) { t.blame(mark{}, format, args...) }

func (t *trace) blame(m mark, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.wrong = append(t.wrong, wrong{m, time.Since(t.start), text})
	t.note(m, "WRONG: %s", text)
}

// String is the whole trace.
func (t *trace) String() string {
	var b strings.Builder
	for _, l := range t.lines {
		l.write(&b)
	}
	return b.String()
}

func (l line) write(b *strings.Builder) { fmt.Fprintf(b, "%10.6f %s\n", l.at.Seconds(), l.text) }

// tail is the last lines, up to so many, that concern the client and the record or its owner; those after
// the record's last one are left out.
func (t *trace) tail(w wrong, most int) string {
	var shown []line
	end := 0
	for _, l := range t.lines {
		if l.text == "WRONG: "+w.text {
			break
		}
		if !l.concerns(w.mark) {
			continue
		}
		if shown = append(shown, l); len(w.records) == 0 || slices.Contains(l.records, w.records[0]) {
			end = len(shown)
		}
	}
	var b strings.Builder
	for _, l := range shown[max(0, end-most):end] {
		l.write(&b)
	}
	return b.String()
}

// concerns reports whether the line is about whom the mark names.
func (l line) concerns(m mark) bool {
	switch {
	case m.client != "" && l.client != "" && m.client != l.client:
		return false
	case m.owner == "":
		return m.client == "" || l.client != ""
	case l.records != nil:
		return slices.ContainsFunc(l.records, func(r *record) bool { return r.Owner == m.owner })
	}
	return l.client != "" || l.owner == m.owner
}

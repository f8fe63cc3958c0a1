package viewer

import (
	"context"
	"time"

	"edgestream/functions/internal/stream"
)

// Judged reports whether the event is a status that listeners to the stream are shown by what
// their account filters. A delete never is: it hides nothing to say it, and not saying it might.
func Judged(n stream.Name, event string) bool {
	if event != "update" && event != "status.update" {
		return false
	}
	return n.Filtered() || n == stream.User || n == stream.List
}

// Hides reports whether the stream must not show a status with this verdict. A home and a list were
// put together for their account, which may follow whom it mutes: they show it.
func (d Verdict) Hides(n stream.Name) bool { return d.Drop && n.Filtered() }

// HidesUnread reports whether the stream must not show a payload that ReadStatus refuses to an
// account that filters: nobody knows whether it may see it.
func HidesUnread(n stream.Name) bool { return n.Filtered() }

// Render is the message's payload as the viewer is to get it on the stream; false: it is not to be
// shown. A payload to which nothing is added is the message's own, uncopied.
func Render(n stream.Name, m stream.Message, v *Viewer, now time.Time) (payload []byte, show bool) {
	if v.Version() == "" || !Judged(n, m.Event) {
		return m.Payload, true
	}
	s, err := ReadStatus(m.Payload)
	if err != nil {
		return m.Payload, !HidesUnread(n)
	}
	d := v.Judge(s, now)
	switch {
	case d.Hides(n):
		return nil, false
	case d.Filtered == nil:
		return m.Payload, true
	}
	return Attach(m.Payload, d.Filtered), true
}

// Render is the message as the listener is to get it; false: it is not to be shown. An error says
// that its account's viewer could not be read, so that nobody knows.
func (c *Cache) Render(ctx context.Context, l stream.Listener, m stream.Message) (stream.Message, bool, error) {
	if l.Viewer == "" || !Judged(l.Stream, m.Event) {
		return m, true, nil
	}
	key := Key{l.Account, l.Viewer}
	got, err := c.Get(ctx, []Key{key})
	v, ok := got[key]
	if !ok {
		return m, false, err
	}
	var show bool
	m.Payload, show = Render(l.Stream, m, v, time.Now())
	return m, show, nil
}

package publish

import (
	"context"
	"time"
)

// attempt makes one delivery and reports whether the lane goes on.
func (l *lane) attempt(ctx, posting context.Context, d delivery) bool {
	switch {
	case l.done(d):
		return true
	case d.entry != 0 && l.leave(posting, d):
		return !l.abandoned(d) || l.giveBack(ctx, posting)
	case d.change.held || d.change.blocked() || d.change.owner == l.failed || d.change == l.withheld:
		l.leaveUndone(d)
		return true
	case d.watcher == nil:
		return l.send(ctx, posting, d, nil)
	}
	switch filtered, v := d.view(l.Log); v {
	case unseen:
		l.withhold(d)
		return true
	case hidden:
		l.counts.filtered.Add(1)
		return true
	default:
		return l.send(ctx, posting, d, filtered)
	}
}

// leave does what there is to do about a delivery that its subscription's replay makes, or that
// must not be made because its log does not have it, and reports whether it is one.
func (l *lane) leave(posting context.Context, d delivery) bool {
	switch {
	case l.late(d.message):
		return false
	case l.missing(d.message) || l.ask(posting, d.cursor) == unknown:
		l.withhold(d)
	case l.left(d):
		l.counts.deferred.Add(1)
	default:
		return false
	}
	return true
}

// send posts the delivery's frame, or parks it.
func (l *lane) send(ctx, posting context.Context, d delivery, filtered []byte) bool {
	frame := d.frames.get(&d.listener.Subscription, filtered, d.Message, l.Encode)
	if frame == nil {
		return true
	}
	d.change.audience.Add(1)
	if d.listener.EventIDs && l.identified(d) {
		frame = l.Identify(frame, l.id(d.message, d.listener))
	}
	if filtered != nil {
		l.counts.annotated.Add(1)
	}
	if l.handing && !d.listener.Opened.IsZero() {
		l.park(d, frame)
		return true
	}
	return l.settle(ctx, posting, d, frame, l.post(posting, frame))
}

// done reports whether there is nothing to deliver: the token has run out, or the delivery was
// made when the batch came before.
func (l *lane) done(d delivery) bool {
	if l.over() {
		return true
	}
	return l.repeated && (l.memory.has(l.keyOf(d)) || l.sent(d))
}

// settle does what the outcome of a post asks for.
func (l *lane) settle(ctx, posting context.Context, d delivery, frame []byte, o outcome) bool {
	switch o {
	case delivered:
		l.counts.deliveries.Add(1)
		d.change.last.Store(time.Now().UnixNano())
	case tooLarge:
		l.counts.tooLarge.Add(1)
	case notOpen:
		l.handing = true
		l.park(d, frame)
	case gone:
		l.counts.gone.Add(1)
		l.forget(ctx)
		return false
	case tooSlow:
		l.counts.closed.Add(1)
		l.Log.InfoContext(ctx, "connection closed as too slow", "connection", l.connection.ID)
		l.forget(ctx)
		return false
	case failed:
		return l.fail(posting, d)
	}
	return true
}

// fail marks the delivery's change. The lane goes on with other owners, unless there is no time
// left or another owner has failed before.
func (l *lane) fail(posting context.Context, d delivery) bool {
	d.change.fail()
	if l.failed == nil && posting.Err() == nil {
		l.failed = d.change.owner
		l.leaveUndone(d)
		return true
	}
	l.ended = d.number
	l.owe(d)
	for rest, ok := l.next(); ok; rest, ok = l.next() {
		if l.left(rest) {
			continue
		}
		rest.change.fail()
		if !l.done(rest) {
			l.owe(rest)
		}
	}
	return false
}

// withhold marks the change of a delivery that cannot be made yet, for a reason that says nothing
// of the connection: the lane goes on, but not with that owner.
func (l *lane) withhold(d delivery) {
	d.change.fail()
	l.withheld = d.change
	l.leaveUndone(d)
}

// leaveUndone notes that the delivery was not made.
func (l *lane) leaveUndone(d delivery) {
	l.undone = append(l.undone, d.number)
	l.owe(d)
}

// forget removes the connection's mappings. If that fails, a later event or the sweep does it.
func (l *lane) forget(ctx context.Context) {
	l.owed = time.Time{} // nobody is there
	of, forget := *l.cursors[l.first].listener, l.Directory.Forget
	if of.App != "" {
		forget = l.Members.Forget
	}
	if err := forget(ctx, of); err != nil {
		l.Log.WarnContext(ctx, "connection not forgotten", "connection", l.connection.ID, "reason", err.Error())
	}
}

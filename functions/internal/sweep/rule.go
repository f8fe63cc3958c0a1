package sweep

import "time"

const (
	// Idle is after how long without a message API Gateway ends a connection.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
	Idle = 10 * time.Minute
	// Life is after how long it ends one in any case.
	Life = 2 * time.Hour
	// Every is the age, and its multiples, at which a connection is looked at.
	Every = 270 * time.Second
	// Late is how late that may be.
	Late = 90 * time.Second
	// Dead is the age at which a connection that is still stored has ended unnoticed.
	Dead = Life + 5*time.Minute
	// MaxWindow is how far back a run goes that follows none.
	MaxWindow = 30 * time.Minute
)

// Window is a time from after From up to and with To.
type Window struct{ From, To time.Time }

func (w Window) has(t time.Time) bool { return t.After(w.From) && !t.After(w.To) }

// back is the window so much earlier.
func (w Window) back(d time.Duration) Window { return Window{w.From.Add(-d), w.To.Add(-d)} }

// looks reports whether a connection has become due in the window.
func (w Window) looks(connected time.Time) bool {
	age := w.To.Sub(connected)
	if age < Every {
		return false
	}
	due := age - age%Every
	return due < Life && w.has(connected.Add(due))
}

// dies reports whether a connection has become Dead in the window.
func (w Window) dies(connected time.Time) bool { return w.has(connected.Add(Dead)) }

// ranges are when the connections connected that become due, or Dead, in the window. The window is
// shorter than Every.
func (w Window) ranges() (all []Window) {
	for age := Every; age < Life; age += Every {
		all = append(all, w.back(age))
	}
	return append(all, w.back(Dead))
}

// whole is one range with all of ranges in it.
func (w Window) whole() Window { return Window{w.From.Add(-Dead), w.To.Add(-Every)} }

// needed reports whether a connection must be sent a frame now, so that it is still open at the
// next look.
func needed(now, connected, active time.Time) bool {
	age := now.Sub(connected)
	next := min(Every+Late-age%Every, Life-age)
	return now.Sub(active) > Idle-next // in this form it does not overflow
}

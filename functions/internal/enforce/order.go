package enforce

import (
	"strings"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Order is one thing to be done: a Close, a CloseApp, a View, a Tell or a Take.
type Order interface{ order() }

// Close ends connections and readers of an account.
type Close struct {
	Account string
	// Token is the hash of the token whose they are; empty: all of the account's.
	Token string
	// Reason is for the log.
	Reason string
}

// CloseApp ends all connections of an app.
type CloseApp struct{ App, Reason string }

// View gives what is open of an account another viewer version.
type View struct{ Account, Version string }

// Tell says to an account's clients that its filters have changed.
type Tell struct{ Account, Record string }

// Take ends the subscriptions to a list of all accounts but its owner; of all if nobody owns it.
type Take struct {
	List string
	history.Move
}

func (Close) order()    {}
func (CloseApp) order() {}
func (View) order()     {}
func (Tell) order()     {}
func (Take) order()     {}

// Orders is what follows from the change for what is open; nothing if it is of no consequence.
func (c Change) Orders(now time.Time) []Order {
	if c.Row == nil {
		return nil
	}
	return c.Row.orders(c, now)
}

func (t Token) orders(_ Change, now time.Time) (orders []Order) {
	reason := t.end(now)
	if reason == "" {
		return nil
	}
	orders = append(orders, Close{t.Old.Account, t.Hash, reason})
	if t.New.Account != "" && t.New.Account != t.Old.Account {
		orders = append(orders, Close{t.New.Account, t.Hash, reason})
	}
	return orders
}

// end is why connections that were opened with the token as it was must end; empty if they need
// not. Those of a token that had already run out have been ended: by the change that made it so,
// or, where time did, by the sweep.
func (t Token) end(now time.Time) string {
	switch {
	case !t.Old.valid(now):
		return ""
	case t.New.Account == "":
		return "token removed or malformed"
	case !t.New.valid(now):
		return "token revoked"
	case t.New.Account != t.Old.Account:
		return "token of another account"
	case !covers(t.New.Scopes, t.Old.Scopes):
		return "token with fewer scopes"
	case t.New.before(t.Old):
		return "token ends earlier"
	}
	return ""
}

func (a Allowance) valid(now time.Time) bool {
	return a.Account != "" && (a.Until.IsZero() || now.Before(a.Until))
}

// before reports whether a ends before b does.
func (a Allowance) before(b Allowance) bool {
	return !a.Until.IsZero() && (b.Until.IsZero() || a.Until.Before(b.Until))
}

// covers reports whether each of the old scopes is still there, itself or as a part of a wider one
// ("read" has "read:statuses").
func covers(scopes, old stream.Scopes) bool {
	has := map[string]bool{}
	for _, scope := range scopes {
		has[scope] = true
	}
	for _, scope := range old {
		wider, _, _ := strings.Cut(scope, ":")
		if !has[scope] && !has[wider] {
			return false
		}
	}
	return true
}

func (a Account) orders(c Change, _ time.Time) (orders []Order) {
	if a.New.Off != "" {
		if a.Old.Off == "" {
			orders = append(orders, Close{Account: a.ID, Reason: a.New.Off})
		}
		return orders
	}
	if a.New.Viewer != a.Old.Viewer {
		orders = append(orders, View{a.ID, a.New.Viewer})
	}
	if a.New.Filters != a.Old.Filters {
		orders = append(orders, Tell{a.ID, c.EventID})
	}
	return orders
}

// orders has also a list taken that is made: it may have been another's before, whose log there is.
func (l List) orders(c Change, _ time.Time) []Order {
	if l.Old == l.New {
		return nil
	}
	return []Order{Take{l.ID, history.Move{From: l.Old, To: l.New, At: c.At}}}
}

// orders has the connections of an app closed that were made on other terms: those of a key that is no
// more, and those that hold what was signed with another secret. Clients that may come back do.
func (a App) orders(Change, time.Time) []Order {
	switch {
	case a.Old == Terms{}, a.Old == a.New:
		return nil
	case a.New == Terms{}:
		return []Order{CloseApp{a.ID, "app removed, disabled or malformed"}}
	case a.New.Key != a.Old.Key:
		return []Order{CloseApp{a.ID, "app with another key"}}
	}
	return []Order{CloseApp{a.ID, "app with another secret"}}
}

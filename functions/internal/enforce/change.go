package enforce

import (
	"time"

	"edgestream/functions/internal/stream"
)

// Change is one record of the Accounts table's stream.
type Change struct {
	// EventID identifies the record; a repeated delivery of the record has the same.
	EventID string
	// Sequence is the record's sequence number, by which a failure is reported.
	Sequence string
	// At is when the change was made, to the second.
	At time.Time
	// Key is the row's. Changes of one row are made in their order.
	Key string
	// Row is what the row is of: a Token, an Account, a List or an App; nil if it is of nothing that
	// reaches what is open.
	Row Row
	// Problem says why the record could not be read; nil if it could.
	Problem error
}

// Row is a row before and after a change.
type Row interface {
	orders(c Change, now time.Time) []Order
}

// Token is the row of a token.
type Token struct {
	// Hash is the SHA-256 of the token in lower-case hex.
	Hash     string
	Old, New Allowance
}

// Allowance is what a token allows. The zero Allowance, of a row that is missing or malformed,
// allows nothing.
type Allowance struct {
	Account string
	Scopes  stream.Scopes
	// Until is when it ends: because it expires or because it is revoked. Zero: never.
	Until time.Time
}

// Account is the row of an account.
type Account struct {
	ID       string
	Old, New State
}

// State is what a row says of an account. The zero State is that of an account without a row,
// which need not have one.
type State struct {
	// Off says why nothing is allowed: disabled, suspended, or what is malformed. Empty: it is not.
	Off string
	// Viewer is the version of what the account filters, see stream.Grant.
	Viewer string
	// Filters is the attribute of that name as text, to be compared.
	Filters string
}

// App is the row of an app of the Channels protocol.
type App struct {
	ID       string
	Old, New Terms
}

// Terms are what clients of an app connect by. The zero Terms, of an app that is missing, disabled or
// malformed, let nobody in.
type Terms struct{ Key, Secret string }

// List is the row of a list: whose it was and whose it is. Empty: nobody's.
type List struct{ ID, Old, New string }

package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Accounts reads the Accounts table, which the application writes. It is safe for concurrent use.
type Accounts struct {
	table table.Table
	now   func() time.Time
}

// NewAccounts reads the table with this name.
func NewAccounts(client *awscall.Client, name string) *Accounts {
	return &Accounts{table: table.New(client, name), now: time.Now}
}

// errMalformed is a row that does not fit the table's description. Nothing is granted by it.
var errMalformed = errors.New("malformed row")

// Grant is what the token allows. A token that allows nothing is stream.ErrInvalidToken, with the
// reason: unknown, expired, revoked, disabled, suspended or malformed row. Any other error says
// that the table could not be read. The row of the account itself may be missing. A revocation at
// a time to come ends the token as an expiry does.
func (a *Accounts) Grant(ctx context.Context, token string) (stream.Grant, error) {
	if token == "" {
		return stream.Grant{}, stream.ErrMissingToken
	}
	return a.GrantByHash(ctx, hashToken(token))
}

// GrantByHash is what the token with this hash allows, as its row's key has it: SHA-256, lower-case
// hex. Errors are those of Grant.
func (a *Accounts) GrantByHash(ctx context.Context, hash string) (stream.Grant, error) {
	began := a.now()
	row, err := a.read(ctx, "token#"+hash)
	if err != nil {
		return stream.Grant{}, err
	}
	grant, err := grantOf(row, a.now())
	if err != nil {
		return stream.Grant{}, refuse(err)
	}
	grant.TokenHash, grant.Read = hash, began
	row, err = a.read(ctx, accountRow(grant.Account))
	if err != nil {
		return stream.Grant{}, err
	}
	if err := checkAccount(row); err != nil {
		return stream.Grant{}, refuse(err)
	}
	grant.Viewer = viewerOf(row).Version()
	return grant, nil
}

// ListOwner is the account whose list this is; "" if there is no such list. A row that does not
// fit the table is nobody's: stream.ErrNotOwnList with what is wrong, for the log.
func (a *Accounts) ListOwner(ctx context.Context, list string) (string, error) {
	row, err := a.read(ctx, "list#"+list)
	if err != nil || row == nil {
		return "", err
	}
	owner := row.Get("account")
	if owner.Kind != table.IsString {
		return "", fmt.Errorf("%w: %w", stream.ErrNotOwnList, wrongType("account", owner, "S"))
	}
	return owner.Text, nil
}

// rowNames are the attributes that rows of tokens, accounts and lists are read for.
var rowNames = append([]string{"account", "scopes", "expiresAt", "revokedAt", "disabled", "suspended"}, viewerNames...)

// read is what rowNames names of the row with this key.
func (a *Accounts) read(ctx context.Context, key string) (table.Item, error) {
	return a.attributes(ctx, key, rowNames)
}

// attributes are those of the row with this key that are named, or nil if there is no such row. The
// table is read consistently: a token that has just been written is valid, one that has just been
// revoked is not.
func (a *Accounts) attributes(ctx context.Context, key string, names []string) (table.Item, error) {
	if len(key) > table.MaxPartitionKey {
		return nil, nil // no such row can be
	}
	projection, places := table.Projection(names)
	got, err := a.table.Call(ctx, "GetItem", table.Parameters{
		"Key": table.Item{{"key", table.Text(key)}}, "ConsistentRead": true,
		"ProjectionExpression": projection, "ExpressionAttributeNames": places,
	})
	return got.Row, err
}

// refuse says why, for the log: that a row is malformed only the application can correct.
func refuse(err error) error {
	return fmt.Errorf("%w: %w", stream.ErrInvalidToken, err)
}

var (
	errUnknown   = errors.New("unknown")
	errExpired   = errors.New("expired")
	errRevoked   = errors.New("revoked")
	errDisabled  = errors.New("account is disabled")
	errSuspended = errors.New("account is suspended")
)

// scopesOf reads a set or list, or a text with spaces between, as OAuth writes scopes.
// https://www.rfc-editor.org/rfc/rfc6749#section-3.3
func scopesOf(v table.Value) ([]string, error) {
	switch {
	case !v.Given():
		return nil, nil
	case v.Kind == table.IsString:
		return strings.Fields(v.Text), nil
	}
	return v.IDs()
}

func grantOf(row table.Item, now time.Time) (stream.Grant, error) {
	if row == nil {
		return stream.Grant{}, errUnknown
	}
	account := row.Get("account")
	if account.Kind != table.IsString || account.Text == "" {
		return stream.Grant{}, wrongType("account", account, "S that is not empty")
	}
	g := stream.Grant{Account: account.Text}
	var err error
	if g.Scopes, err = scopesOf(row.Get("scopes")); err != nil {
		return stream.Grant{}, fmt.Errorf("%w: scopes %w", errMalformed, err)
	}
	if g.TokenExpires, err = instant(row, "expiresAt"); err != nil {
		return stream.Grant{}, err
	}
	revoked, err := instant(row, "revokedAt")
	switch {
	case err != nil:
		return stream.Grant{}, err
	case !revoked.IsZero() && !now.Before(revoked):
		return stream.Grant{}, errRevoked
	case g.Expired(now):
		return stream.Grant{}, errExpired
	}
	g.TokenExpires = sooner(g.TokenExpires, revoked)
	return g, nil
}

func checkAccount(row table.Item) error {
	return cmp.Or(off(row, "disabled", errDisabled), off(row, "suspended", errSuspended))
}

func off(row table.Item, name string, reason error) error {
	switch v := row.Get(name); {
	case v.Kind == table.IsBool && v.Flag:
		return reason
	case v.Given() && v.Kind != table.IsBool:
		return wrongType(name, v, "BOOL")
	}
	return nil
}

// instant is a time as epoch seconds (N) or in ISO 8601 (S), in UTC; zero if the row has none.
func instant(row table.Item, name string) (time.Time, error) {
	switch v := row.Get(name); v.Kind {
	case "", table.IsNull:
		return time.Time{}, nil
	case table.IsNumber:
		if seconds, ok := v.Int(); ok {
			return time.Unix(seconds, 0).UTC(), nil
		}
		return time.Time{}, fmt.Errorf("%w: %s is %.40s, not whole seconds", errMalformed, name, v.Text)
	case table.IsString:
		at, err := time.Parse(time.RFC3339, v.Text)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: %s is %.40q, not an ISO 8601 time", errMalformed, name, v.Text)
		}
		return at.UTC(), nil
	default:
		return time.Time{}, wrongType(name, v, "N or S")
	}
}

func wrongType(name string, v table.Value, want string) error {
	if v.Kind == "" {
		return fmt.Errorf("%w: %s is missing, want %s", errMalformed, name, want)
	}
	return fmt.Errorf("%w: %s is %s, want %s", errMalformed, name, v.Kind, want)
}

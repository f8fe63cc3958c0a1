package dynamo

import (
	"context"

	"edgestream/functions/internal/cloudapp"
)

// Account is what the account's row says of its app and its profile. A row that does not fit the
// table is an error.
func (a *Accounts) Account(ctx context.Context, id string) (account cloudapp.Account, err error) {
	row, err := a.attributes(ctx, accountRow(id), []string{"app", "profile"})
	if err != nil {
		return account, err
	}
	switch app := row.get("app"); {
	case app.kind == isString:
		account.App = app.text
	case app.given():
		return account, wrongType("app", app, "S")
	}
	switch profile := row.get("profile"); {
	case profile.kind == isMap:
		account.Profile = profile.appendPlain(nil)
	case profile.given():
		return account, wrongType("profile", profile, "M")
	}
	return account, nil
}

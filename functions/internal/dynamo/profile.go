package dynamo

import (
	"context"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/table"
)

// Account is what the account's row says of its app and its profile. A row that does not fit the
// table is an error.
func (a *Accounts) Account(ctx context.Context, id string) (account cloudapp.Account, err error) {
	row, err := a.attributes(ctx, accountRow(id), []string{"app", "profile"})
	if err != nil {
		return account, err
	}
	switch app := row.Get("app"); {
	case app.Kind == table.IsString:
		account.App = app.Text
	case app.Given():
		return account, wrongType("app", app, "S")
	}
	switch profile := row.Get("profile"); {
	case profile.Kind == table.IsMap:
		account.Profile = profile.AppendPlain(nil)
	case profile.Given():
		return account, wrongType("profile", profile, "M")
	}
	return account, nil
}

package dynamo

import (
	"encoding/json"
	"strings"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/table"
)

// AccountChange decodes one record of the Accounts table's stream. A record that cannot be read has
// a Problem, and still whatever of EventID and Sequence could be. A row that does not fit the table
// counts as one that allows nothing, as for Grant.
func AccountChange(raw json.RawMessage) enforce.Change {
	r, err := parseRecord(string(raw))
	if err != nil {
		r.rescue(raw)
	}
	c := enforce.Change{EventID: r.eventID, Sequence: r.sequence, At: second(r.at), Key: r.keys.Get("key").Text}
	if err == nil {
		err = r.complete()
	}
	if err != nil {
		c.Problem = err
		return c
	}
	c.Row = subjectOf(c.Key, r.oldImage, r.newImage)
	return c
}

// subjectOf is the row with this key before and after; an image that is not there is nil.
func subjectOf(key string, before, after table.Item) enforce.Row {
	kind, id, _ := strings.Cut(key, "#")
	switch kind {
	case "token":
		return enforce.Token{Hash: id, Old: allowanceOf(before), New: allowanceOf(after)}
	case "account":
		return enforce.Account{ID: id, Old: stateOf(before), New: stateOf(after)}
	case "list":
		return enforce.List{ID: id, Old: ownerOf(before), New: ownerOf(after)}
	case "app":
		return enforce.App{ID: id, Old: termsOf(before), New: termsOf(after)}
	}
	return nil
}

// allowanceOf reads a token's row as Grant does, but for the time: a revocation is an end like any
// other.
func allowanceOf(row table.Item) enforce.Allowance {
	g, err := grantOf(row, time.Time{}) // a time at which nothing has run out
	if err != nil {
		return enforce.Allowance{}
	}
	return enforce.Allowance{Account: g.Account, Scopes: g.Scopes, Until: g.TokenExpires}
}

func stateOf(row table.Item) (s enforce.State) {
	if err := checkAccount(row); err != nil {
		s.Off = err.Error()
	}
	s.Viewer = viewerOf(row).Version()
	if filters := row.Get("filters"); filters.Given() && len(filters.List) > 0 {
		s.Filters = string(filters.AppendPlain(nil))
	}
	return s
}

// termsOf are the terms of an app that is enabled.
func termsOf(row table.Item) enforce.Terms {
	key, secret, enabled := row.Get("appKey"), row.Get("secret"), row.Get("enabled")
	if enabled.Kind != table.IsBool || !enabled.Flag || key.Kind != table.IsString || secret.Kind != table.IsString || key.Text == "" || secret.Text == "" {
		return enforce.Terms{}
	}
	return enforce.Terms{Key: key.Text, Secret: secret.Text}
}

func ownerOf(row table.Item) string {
	if owner := row.Get("account"); owner.Kind == table.IsString {
		return owner.Text
	}
	return ""
}

package dynamo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// accountRecord is a record of the Accounts table's stream; an image that is empty is not there.
func accountRecord(key, before, after string) json.RawMessage {
	event, images := "MODIFY", ""
	if before == "" {
		event = "INSERT"
	} else {
		images += `"OldImage":{"key":{"S":"` + key + `"}` + strings.TrimSpace(before) + `},`
	}
	if after == "" {
		event = "REMOVE"
	} else {
		images += `"NewImage":{"key":{"S":"` + key + `"}` + strings.TrimSpace(after) + `},`
	}
	return json.RawMessage(fmt.Sprintf(`{"eventID":"e1","eventName":"%s","dynamodb":{"ApproximateCreationDateTime":1769900000,`+
		`"Keys":{"key":{"S":"%s"}},%s"SequenceNumber":"100"}}`, event, key, images))
}

func TestARecordOfAToken(t *testing.T) {
	const alice = `,"account":{"S":"1"},"scopes":{"SS":["read","write"]}`
	full := enforce.Allowance{Account: "1", Scopes: stream.Scopes{"read", "write"}}
	at := func(seconds int64) enforce.Allowance {
		a := full
		a.Until = time.Unix(seconds, 0).UTC()
		return a
	}
	for name, tt := range map[string]struct {
		row  string
		want enforce.Allowance
	}{
		"for ever":              {alice, full},
		"expires":               {alice + `,"expiresAt":{"N":"1769900000"}`, at(1769900000)},
		"in ISO 8601":           {alice + `,"expiresAt":{"S":"2026-01-31T22:53:20Z"}`, at(1769900000)},
		"revoked":               {alice + `,"revokedAt":{"N":"1769900000"}`, at(1769900000)},
		"revoked before":        {alice + `,"revokedAt":{"N":"5"},"expiresAt":{"N":"1769900000"}`, at(5)},
		"revoked at the epoch":  {alice + `,"revokedAt":{"N":"0"}`, at(0)},
		"revoked after":         {alice + `,"revokedAt":{"N":"1769900001"},"expiresAt":{"N":"1769900000"}`, at(1769900000)},
		"null":                  {alice + `,"revokedAt":{"NULL":true},"expiresAt":{"NULL":true}`, full},
		"no account":            {`,"scopes":{"SS":["read"]}`, enforce.Allowance{}},
		"account is a number":   {`,"account":{"N":"1"}`, enforce.Allowance{}},
		"scopes are a text":     {`,"account":{"S":"1"},"scopes":{"S":"read write"}`, full},
		"scopes are a number":   {`,"account":{"S":"1"},"scopes":{"N":"1"}`, enforce.Allowance{}},
		"revoked is a flag":     {alice + `,"revokedAt":{"BOOL":true}`, enforce.Allowance{}},
		"expires in a fraction": {alice + `,"expiresAt":{"N":"1.5"}`, enforce.Allowance{}},
	} {
		c := AccountChange(accountRecord("token#abc", " ", tt.row))
		want := enforce.Change{EventID: "e1", Sequence: "100", At: time.Unix(1769900000, 0).UTC(), Key: "token#abc", Row: enforce.Token{Hash: "abc", New: tt.want}}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		c = AccountChange(accountRecord("token#abc", tt.row+" ", ""))
		want.Row = enforce.Token{Hash: "abc", Old: tt.want}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s, removed (-want +got):\n%s", name, diff)
		}
	}
}

func TestARecordOfAnAccount(t *testing.T) {
	blocks := `,"blocks":{"SS":["9"]}`
	version := viewerOf(table.Item{{"blocks", table.Value{Kind: table.IsStringSet, List: []table.Value{table.Text("9")}}}}).Version()
	if version == "" {
		t.Fatal("blocks have no version")
	}
	for name, tt := range map[string]struct {
		row  string
		want enforce.State
	}{
		"nothing":             {` `, enforce.State{}},
		"profile alone":       {`,"profile":{"M":{"name":{"S":"x"}}}`, enforce.State{}},
		"not disabled":        {`,"disabled":{"BOOL":false}`, enforce.State{}},
		"disabled":            {`,"disabled":{"BOOL":true}`, enforce.State{Off: "account is disabled"}},
		"suspended":           {`,"suspended":{"BOOL":true}`, enforce.State{Off: "account is suspended"}},
		"disabled is a text":  {`,"disabled":{"S":"yes"}`, enforce.State{Off: "malformed row: disabled is S, want BOOL"}},
		"blocks":              {blocks, enforce.State{Viewer: version}},
		"filters":             {`,"filters":{"L":[{"S":"x"}]}`, enforce.State{Filters: `["x"]`}},
		"no filters any more": {`,"filters":{"L":[]}`, enforce.State{}},
		"null filters":        {`,"filters":{"NULL":true}`, enforce.State{}},
	} {
		got := AccountChange(accountRecord("account#1", " ", tt.row))
		if diff := cmp.Diff(enforce.Row(enforce.Account{ID: "1", New: tt.want}), got.Row); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRecordsOfListsAndOthers(t *testing.T) {
	one, two := `,"account":{"S":"1"}`, `,"account":{"S":"2"}`
	for name, tt := range map[string]struct {
		raw  json.RawMessage
		want enforce.Row
	}{
		"moved":            {accountRecord("list#12", one, two), enforce.List{ID: "12", Old: "1", New: "2"}},
		"removed":          {accountRecord("list#12", one, ""), enforce.List{ID: "12", Old: "1"}},
		"malformed":        {accountRecord("list#12", one, `,"account":{"N":"1"}`), enforce.List{ID: "12", Old: "1"}},
		"an id with a #":   {accountRecord("list#1#2", "", two), enforce.List{ID: "1#2", New: "2"}},
		"an app":           {accountRecord("app#7", one, two), enforce.App{ID: "7"}},
		"an app's key":     {accountRecord("appkey#7", one, two), nil},
		"something else":   {accountRecord("tokens", one, two), nil},
		"of another table": {recordOf("REMOVE", `"OldImage":{"owner":{"S":"1"}},`), nil},
	} {
		c := AccountChange(tt.raw)
		if diff := cmp.Diff(tt.want, c.Row); diff != "" || c.Problem != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, c.Problem, diff)
		}
	}
}

func TestARecordThatCannotBeReadHasAProblem(t *testing.T) {
	for _, raw := range []string{
		`{"eventID":"e1","eventName":"MODIFY","dynamodb":{"SequenceNumber":"100","NewImage":{"a":{"X":"1"}}}}`,
		`{"eventID":"e1","eventName":"MODIFY","dynamodb":{"SequenceNumber":"100","Keys":{"key":{"S":"token#a"}}}}`,
		`{"eventID":"e1","eventName":"TRUNCATE","dynamodb":{"SequenceNumber":"100"}}`,
	} {
		c := AccountChange(json.RawMessage(raw))
		if c.Problem == nil || c.Row != nil || c.Sequence != "100" || c.EventID != "e1" {
			t.Errorf("%s: %+v", raw, c)
		}
	}
}

// FuzzAccountChange: whatever a record holds, it is decoded or has a problem, and what follows from
// it names its row.
func FuzzAccountChange(f *testing.F) {
	f.Add([]byte(accountRecord("token#abc", `,"account":{"S":"1"}`, `,"account":{"S":"1"},"revokedAt":{"N":"1"}`)))
	f.Add([]byte(accountRecord("account#1", "", `,"filters":{"L":[{"M":{"title":{"S":"x"}}}]},"disabled":{"BOOL":true}`)))
	f.Add([]byte(accountRecord("list#12", `,"account":{"S":"1"}`, "")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := AccountChange(raw)
		orders := c.Orders(time.Unix(1769900000, 0))
		if c.Problem != nil && (c.Row != nil || len(orders) > 0) || len(orders) > 2 {
			t.Errorf("%v, %v", c, orders)
		}
		for _, order := range orders {
			if o, ok := order.(enforce.Close); ok && (o.Reason == "" || o.Account == "" && o.Token != "") {
				t.Errorf("%+v", o)
			}
		}
	})
}

package enforce_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// read is what a token allows that never ends.
var read = enforce.Allowance{Account: "1", Scopes: stream.Scopes{"read"}}

func until(a enforce.Allowance, at time.Duration) enforce.Allowance {
	a.Until = now.Add(at)
	return a
}

func scoped(scopes ...string) enforce.Allowance {
	return enforce.Allowance{Account: "1", Scopes: scopes}
}

func TestWhatFollowsFromATokensChange(t *testing.T) {
	none := enforce.Allowance{}
	for name, tt := range map[string]struct {
		old, new enforce.Allowance
		reason   string
	}{
		"made":                       {none, read, ""},
		"nothing changed":            {read, read, ""},
		"removed":                    {read, none, "token removed or malformed"},
		"removed before it ran out":  {until(read, time.Second), none, "token removed or malformed"},
		"removed after it ran out":   {until(read, 0), none, ""},
		"revoked":                    {read, until(read, -time.Second), "token revoked"},
		"revoked this moment":        {read, until(read, 0), "token revoked"},
		"to be revoked":              {read, until(read, time.Hour), "token ends earlier"},
		"shortened":                  {until(read, time.Hour), until(read, time.Minute), "token ends earlier"},
		"extended":                   {until(read, time.Minute), until(read, time.Hour), ""},
		"extended for ever":          {until(read, time.Minute), read, ""},
		"revived":                    {until(read, -time.Minute), read, ""},
		"ran out, and touched":       {until(read, -time.Minute), until(read, -time.Minute), ""},
		"mended":                     {none, read, ""},
		"fewer scopes":               {scoped("read", "write"), scoped("write"), "token with fewer scopes"},
		"a part of the scope":        {scoped("read"), scoped("read:statuses"), "token with fewer scopes"},
		"another part":               {scoped("read:statuses"), scoped("read:notifications"), "token with fewer scopes"},
		"no scopes any more":         {scoped("read"), scoped(), "token with fewer scopes"},
		"more scopes":                {scoped("read"), scoped("write", "read"), ""},
		"a wider scope":              {scoped("read:statuses", "read:notifications"), scoped("read"), ""},
		"the same in another order":  {scoped("read", "write"), scoped("write", "read"), ""},
		"two reasons, the first one": {read, until(scoped("write"), -time.Second), "token revoked"},
	} {
		c := enforce.Change{Row: enforce.Token{Hash: "abc", Old: tt.old, New: tt.new}}
		var want []enforce.Order
		if tt.reason != "" {
			want = []enforce.Order{enforce.Close{Account: "1", Token: "abc", Reason: tt.reason}}
		}
		if diff := cmp.Diff(want, c.Orders(now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestATokenOfAnotherAccountEndsWhatBothHave(t *testing.T) {
	other := enforce.Allowance{Account: "2", Scopes: stream.Scopes{"read"}}
	got := enforce.Change{Row: enforce.Token{Hash: "abc", Old: read, New: other}}.Orders(now)
	want := []enforce.Order{enforce.Close{Account: "1", Token: "abc", Reason: "token of another account"},
		enforce.Close{Account: "2", Token: "abc", Reason: "token of another account"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatFollowsFromAnAccountsChange(t *testing.T) {
	off := enforce.State{Off: "account is disabled"}
	view, tell := enforce.View{Account: "1", Version: "v"}, enforce.Tell{Account: "1", Record: "e"}
	for name, tt := range map[string]struct {
		old, new enforce.State
		want     []enforce.Order
	}{
		"made or removed without a word": {},
		"off":                            {enforce.State{}, off, []enforce.Order{enforce.Close{Account: "1", Reason: "account is disabled"}}},
		"still off":                      {off, enforce.State{Off: "account is suspended"}, nil},
		"on again":                       {off, enforce.State{}, nil},
		"other filters": {enforce.State{Viewer: "u", Filters: "[1]"}, enforce.State{Viewer: "v", Filters: "[2]"},
			[]enforce.Order{view, tell}},
		"filters that filter alike": {enforce.State{Viewer: "v", Filters: "[1]"}, enforce.State{Viewer: "v", Filters: "[2]"},
			[]enforce.Order{tell}},
		"blocks alone": {enforce.State{Filters: "[1]"}, enforce.State{Viewer: "v", Filters: "[1]"}, []enforce.Order{view}},
		"removed with its filters": {enforce.State{Viewer: "u", Filters: "[1]"}, enforce.State{},
			[]enforce.Order{enforce.View{Account: "1"}, tell}},
		"off, and other filters": {enforce.State{}, enforce.State{Off: "x", Viewer: "v", Filters: "[1]"},
			[]enforce.Order{enforce.Close{Account: "1", Reason: "x"}}},
	} {
		got := enforce.Change{EventID: "e", Row: enforce.Account{ID: "1", Old: tt.old, New: tt.new}}.Orders(now)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatFollowsFromAListsChange(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string
		want     []enforce.Order
	}{
		"made":           {"", "1", []enforce.Order{enforce.Take{List: "12", Move: history.Move{To: "1", At: now}}}},
		"made of nobody": {"", "", nil},
		"renamed":        {"1", "1", nil},
		"moved":          {"1", "2", []enforce.Order{enforce.Take{List: "12", Move: history.Move{From: "1", To: "2", At: now}}}},
		"removed":        {"1", "", []enforce.Order{enforce.Take{List: "12", Move: history.Move{From: "1", At: now}}}},
	} {
		got := enforce.Change{At: now, Row: enforce.List{ID: "12", Old: tt.old, New: tt.new}}.Orders(now)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := (enforce.Change{}).Orders(now); got != nil {
		t.Errorf("a row of nothing: %v", got)
	}
}

func TestWhatFollowsFromAnAppsChange(t *testing.T) {
	none, on := enforce.Terms{}, enforce.Terms{Key: "k", Secret: "s"}
	for name, tt := range map[string]struct {
		old, new enforce.Terms
		reason   string
	}{
		"made, or enabled":     {none, on, ""},
		"nothing changed":      {on, on, ""},
		"disabled, or removed": {on, none, "app removed, disabled or malformed"},
		"another key":          {on, enforce.Terms{Key: "l", Secret: "s"}, "app with another key"},
		"another secret":       {on, enforce.Terms{Key: "k", Secret: "t"}, "app with another secret"},
		"still off":            {none, none, ""},
	} {
		var want []enforce.Order
		if tt.reason != "" {
			want = []enforce.Order{enforce.CloseApp{App: "4072", Reason: tt.reason}}
		}
		if diff := cmp.Diff(want, enforce.Change{Row: enforce.App{ID: "4072", Old: tt.old, New: tt.new}}.Orders(now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

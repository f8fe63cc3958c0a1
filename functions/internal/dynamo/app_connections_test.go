package dynamo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
)

func TestAnAppsConnectionsAreFoundAmongAll(t *testing.T) {
	c := newConnections(t, Limits{})
	want := map[string]bool{}
	for i := range 60 {
		s := stream.Session{Connection: stream.Connection{ID: fmt.Sprintf("c%d=", i), ConnectedAt: time.Now().Add(-time.Duration(i) * time.Minute).Truncate(time.Millisecond).UTC()}}
		switch i % 3 {
		case 0:
			s.App = "4072"
			want[s.ID] = true
		case 1:
			s.App = "40721"
		default:
			s.Grant = stream.Grant{Account: "4072"}
		}
		if err := c.Open(t.Context(), s, nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.AppConnections(t.Context(), "4072")
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d of %d, %v", len(got), len(want), err)
	}
	for _, connection := range got {
		if !want[connection.ID] || connection.ConnectedAt.IsZero() {
			t.Errorf("%+v", connection)
		}
	}
	if none, err := c.AppConnections(t.Context(), "none"); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func TestARecordOfAnApp(t *testing.T) {
	const full = `,"appKey":{"S":"k"},"secret":{"S":"s"},"enabled":{"BOOL":true}`
	on := enforce.Terms{Key: "k", Secret: "s"}
	rows := map[string]enforce.Terms{
		full: on, full + `,"clientEvents":{"BOOL":true}`: on, " ": {},
		`,"appKey":{"S":"k"},"secret":{"S":"s"},"enabled":{"BOOL":false}`: {},
		`,"appKey":{"S":"k"},"secret":{"S":"s"},"enabled":{"S":"true"}`:   {},
		`,"appKey":{"S":"k"},"secret":{"S":"s"}`:                          {},
		`,"appKey":{"N":"1"},"secret":{"S":"s"},"enabled":{"BOOL":true}`:  {},
		`,"appKey":{"S":"k"},"secret":{"S":""},"enabled":{"BOOL":true}`:   {},
	}
	for row, want := range rows {
		c := AccountChange(accountRecord("app#4072", full, row))
		if app := (enforce.App{ID: "4072", Old: on, New: want}); c.Problem != nil || c.Row != app {
			t.Errorf("%s: %+v, %v", row, c.Row, c.Problem)
		}
	}
	if c := AccountChange(accountRecord("app#4072", full, "")); !slices.Equal(c.Orders(time.Now()), []enforce.Order{enforce.CloseApp{App: "4072", Reason: "app removed, disabled or malformed"}}) {
		t.Errorf("%+v", c.Orders(time.Now()))
	}
}

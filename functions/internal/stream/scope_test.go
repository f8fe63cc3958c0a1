package stream

import "testing"

func TestScopesAllowStreams(t *testing.T) {
	for _, test := range []struct {
		scopes                  Scopes
		statuses, notifications bool
	}{
		{Scopes{"read"}, true, true},
		{Scopes{"write", "read"}, true, true},
		{Scopes{"read:statuses"}, true, false},
		{Scopes{"read:notifications"}, false, true},
		{Scopes{"read:notifications", "read:statuses"}, true, true},
		{Scopes{"write", "follow", "push", "read:accounts", "READ", "read "}, false, false},
		{nil, false, false},
	} {
		for _, n := range append(Names(), "", "unknown") {
			want := test.statuses
			if n == UserNotification {
				want = test.notifications
			}
			if got := test.scopes.Allow(n); got != want {
				t.Errorf("%v allow %q: %v", test.scopes, n, got)
			}
		}
		if got := test.scopes.Notifications(); got != test.notifications {
			t.Errorf("%v allow notifications: %v", test.scopes, got)
		}
	}
}

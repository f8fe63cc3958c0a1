package dynamo

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/cloudapp"
)

func TestAccountsSayTheirAppAndProfile(t *testing.T) {
	profile := &types.AttributeValueMemberM{Value: attributes{"email": &sv{Value: "a@b.example"}, "alpha": &bv{}, "domain": &nullv{Value: true}}}
	a := newAccounts(t,
		row("account#whole", attributes{"app": &sv{Value: "4072"}, "profile": profile, "disabled": &bv{}}),
		row("account#bare", nil),
		row("account#null", attributes{"app": &nullv{Value: true}, "profile": &nullv{Value: true}}),
		row("account#app", attributes{"app": &nv{Value: "4072"}}),
		row("account#profile", attributes{"profile": &sv{Value: "{}"}}),
	)
	for id, tt := range map[string]struct {
		want  cloudapp.Account
		wrong string
	}{
		"whole":   {want: cloudapp.Account{App: "4072", Profile: []byte(`{"alpha":false,"domain":null,"email":"a@b.example"}`)}},
		"bare":    {},
		"null":    {},
		"nobody":  {},
		"app":     {wrong: "malformed row: app is N, want S"},
		"profile": {wrong: "malformed row: profile is S, want M"},
	} {
		got, err := a.Account(t.Context(), id)
		if tt.wrong != "" {
			if !errors.Is(err, errMalformed) || err.Error() != tt.wrong {
				t.Errorf("%s: %v, want %s", id, err, tt.wrong)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", id, err, diff)
		}
	}
}

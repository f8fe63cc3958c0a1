package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
)

type (
	attributes = map[string]types.AttributeValue
	sv         = types.AttributeValueMemberS
	nv         = types.AttributeValueMemberN
	bv         = types.AttributeValueMemberBOOL
	lv         = types.AttributeValueMemberL
	ssv        = types.AttributeValueMemberSS
	nullv      = types.AttributeValueMemberNULL
)

func newAccounts(t *testing.T, rows ...attributes) *Accounts {
	client, sdk, name := newTable(t, "key")
	for _, row := range rows {
		if _, err := sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: row}); err != nil {
			t.Fatal(err)
		}
	}
	return NewAccounts(client, name)
}

func hashOfToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// row is a row with this key and more attributes.
func row(key string, more attributes) attributes {
	r := attributes{"key": &sv{Value: key}}
	for name, v := range more {
		r[name] = v
	}
	return r
}

func token(name string, more attributes) attributes {
	r := row("token#"+hashOfToken(name), attributes{"account": &sv{Value: "1"}, "scopes": &ssv{Value: []string{"read"}}})
	for name, v := range more {
		r[name] = v
	}
	return r
}

func TestGrants(t *testing.T) {
	future, past := &nv{Value: "4102444800"}, &nv{Value: "1000000000"}
	a := newAccounts(t,
		token("lasting", nil),
		token("running", attributes{"expiresAt": future, "revokedAt": &nullv{Value: true}}),
		token("iso", attributes{"expiresAt": &sv{Value: "2100-01-01T00:00:00.5Z"}}),
		token("expired", attributes{"expiresAt": past}),
		token("expired-iso", attributes{"expiresAt": &sv{Value: "2001-09-09T03:46:40+02:00"}}),
		token("revoked", attributes{"revokedAt": past}),
		token("revoked-later", attributes{"revokedAt": future}),
		token("revoked-first", attributes{"expiresAt": &nv{Value: "4102444801"}, "revokedAt": future}),
		token("expires-first", attributes{"expiresAt": future, "revokedAt": &nv{Value: "4102444801"}}),
		token("of-disabled", attributes{"account": &sv{Value: "disabled"}}), row("account#disabled", attributes{"disabled": &bv{Value: true}}),
		token("of-suspended", attributes{"account": &sv{Value: "suspended"}}), row("account#suspended", attributes{"suspended": &bv{Value: true}}),
		token("of-normal", attributes{"account": &sv{Value: "normal"}}), row("account#normal", attributes{"disabled": &bv{Value: false}, "suspended": &nullv{Value: true}}),
		token("of-odd", attributes{"account": &sv{Value: "odd"}}), row("account#odd", attributes{"disabled": &sv{Value: "no"}}),
		token("list-scopes", attributes{"scopes": &lv{Value: []types.AttributeValue{&sv{Value: "read"}}}}),
		token("no-scopes", attributes{"scopes": &nullv{Value: true}}),
		token("text-scopes", attributes{"scopes": &sv{Value: " read  write:statuses "}}),
		token("blank-scopes", attributes{"scopes": &sv{Value: " "}}),
		token("odd-scopes", attributes{"scopes": &bv{Value: true}}),
		token("number-account", attributes{"account": &nv{Value: "1"}}),
		token("no-account", attributes{"account": &sv{Value: ""}}),
		token("odd-expiry", attributes{"expiresAt": &sv{Value: "tomorrow"}}),
		token("odd-revocation", attributes{"revokedAt": &bv{Value: false}}),
		token("half-second", attributes{"expiresAt": &nv{Value: "4102444800.5"}}),
	)
	for name, tt := range map[string]struct {
		want   stream.Grant
		reason string
	}{
		"lasting":        {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}}},
		"running":        {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"iso":            {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Date(2100, 1, 1, 0, 0, 0, 5e8, time.UTC)}},
		"revoked-later":  {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"revoked-first":  {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"expires-first":  {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"of-normal":      {want: stream.Grant{Account: "normal", Scopes: stream.Scopes{"read"}}},
		"list-scopes":    {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}}},
		"no-scopes":      {want: stream.Grant{Account: "1"}},
		"nobody's":       {reason: "unknown"},
		"LASTING":        {reason: "unknown"},
		"\x00\xff odd":   {reason: "unknown"},
		"expired":        {reason: "expired"},
		"expired-iso":    {reason: "expired"},
		"revoked":        {reason: "revoked"},
		"of-disabled":    {reason: "account is disabled"},
		"of-suspended":   {reason: "account is suspended"},
		"of-odd":         {reason: "malformed row: disabled is S, want BOOL"},
		"text-scopes":    {want: stream.Grant{Account: "1", Scopes: stream.Scopes{"read", "write:statuses"}}},
		"blank-scopes":   {want: stream.Grant{Account: "1", Scopes: stream.Scopes{}}},
		"odd-scopes":     {reason: "malformed row: scopes is BOOL, not L, SS or NS"},
		"number-account": {reason: "malformed row: account is N, want S that is not empty"},
		"no-account":     {reason: "malformed row: account is S, want S that is not empty"},
		"odd-expiry":     {reason: `malformed row: expiresAt is "tomorrow", not an ISO 8601 time`},
		"odd-revocation": {reason: "malformed row: revokedAt is BOOL, want N or S"},
		"half-second":    {reason: "malformed row: expiresAt is 4102444800.5, not whole seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			began := a.now()
			got, err := a.Grant(t.Context(), name)
			if tt.reason == "" {
				if got.Read.Before(began) || got.Read.After(a.now()) {
					t.Errorf("read at %v", got.Read)
				}
				tt.want.TokenHash, tt.want.Read = hashOfToken(name), got.Read
				if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				byHash, err := a.GrantByHash(t.Context(), hashOfToken(name))
				byHash.Read = got.Read
				if diff := cmp.Diff(got, byHash); diff != "" || err != nil {
					t.Errorf("by its hash: %v (-want +got):\n%s", err, diff)
				}
				return
			}
			if want := stream.ErrInvalidToken.Error() + ": " + tt.reason; !errors.Is(err, stream.ErrInvalidToken) || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if got.Account != "" {
				t.Errorf("granted %+v with an error", got)
			}
		})
	}
	if _, err := a.Grant(t.Context(), ""); !errors.Is(err, stream.ErrMissingToken) {
		t.Errorf("empty token: %v", err)
	}
}

func TestATokenEndsAtItsSecond(t *testing.T) {
	a := newAccounts(t, token("t", attributes{"expiresAt": &nv{Value: "2000000000"}}))
	a.now = func() time.Time { return time.Unix(2000000000, -1) }
	if _, err := a.Grant(t.Context(), "t"); err != nil {
		t.Error(err)
	}
	a.now = func() time.Time { return time.Unix(2000000000, 0) }
	if _, err := a.Grant(t.Context(), "t"); !errors.Is(err, stream.ErrInvalidToken) {
		t.Error(err)
	}
}

func TestWhyAMalformedRowIsRefusedIsSaidWithoutTheToken(t *testing.T) {
	a := newAccounts(t, token("very-secret", attributes{"account": &nv{Value: "1"}}))
	_, err := a.Grant(t.Context(), "very-secret")
	if !errors.Is(err, stream.ErrInvalidToken) || !strings.Contains(err.Error(), "account is N") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "very-secret") || strings.Contains(err.Error(), hashOfToken("very-secret")[:6]) {
		t.Errorf("the reason has the token: %v", err)
	}
}

func TestListOwners(t *testing.T) {
	a := newAccounts(t, row("list#12", attributes{"account": &sv{Value: "1"}}), row("list#13", attributes{"account": &nv{Value: "1"}}), row("list#14", nil))
	for list, want := range map[string]string{"12": "1", "13": "", "14": "", "15": "", "": "", strings.Repeat("1", 5000): "", "12#": ""} {
		got, err := a.ListOwner(t.Context(), list)
		if malformed := list == "13" || list == "14"; got != want || errors.Is(err, stream.ErrNotOwnList) != malformed || !malformed && err != nil {
			t.Errorf("list %.20q: %q, %v", list, got, err)
		}
	}
}

func TestATableThatCannotBeReadIsNoRefusal(t *testing.T) {
	cfg, _ := config(t)
	a := NewAccounts(awscall.New(cfg, "dynamodb", refusing(t)), "Accounts")
	if _, err := a.Grant(context.Background(), "t"); err == nil || errors.Is(err, stream.ErrInvalidToken) {
		t.Error(err)
	}
	if _, err := a.ListOwner(context.Background(), "1"); err == nil {
		t.Error("no error")
	}
}

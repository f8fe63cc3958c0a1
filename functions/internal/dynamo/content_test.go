package dynamo

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

func TestAnItemIsReadAsItWasWritten(t *testing.T) {
	no := false
	for name, i := range map[string]stream.Item{
		"status": {Owner: "1", ID: "status#7", Kind: "status", Payload: []byte(`{"id":"7"}`), Home: []string{"1", "2"},
			Lists: []string{"3"}, Local: &no, Listed: &no},
		"broadcast": {Owner: "1", ID: "broadcast#7", Kind: "broadcast", Event: "x", Payload: []byte(`1`),
			Topics: []stream.Target{{Stream: "hashtag", Tag: "foo"}, {Stream: "list", List: "3"}, {Stream: "user", Account: "2"}, {App: "4072", Channel: "news"}}},
		"item":       {Owner: "1", ID: "item#7", Kind: "item", App: "4072", Payload: []byte(`{}`)},
		"no payload": {Owner: "1", ID: "merge#7", Kind: "merge"},
	} {
		t.Run(name, func(t *testing.T) {
			client, sdk, table := newTable(t, "owner", "id")
			c := NewContent(client, table)
			if err := c.Put(t.Context(), i); err != nil {
				t.Fatal(err)
			}
			if got, err := decodeItem(encodeItem(i)); err != nil || !cmp.Equal(*got, i) {
				t.Errorf("%v %s", err, cmp.Diff(i, *got))
			}
			if got, err := sdk.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table}); err != nil || got.Count != 1 {
				t.Errorf("%+v %v", got, err)
			}
			if err := c.Delete(t.Context(), i.Owner, i.ID); err != nil {
				t.Fatal(err)
			}
			if got, err := sdk.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table}); err != nil || got.Count != 0 {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestATokenIsIssuedAndRevoked(t *testing.T) {
	w := TokenWriter{newAccounts(t)}
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	want := stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: hashToken("new"), TokenExpires: until}
	if err := w.Issue(t.Context(), "new", want); err != nil {
		t.Fatal(err)
	}
	got, err := w.Grant(t.Context(), "new")
	if want.Read = got.Read; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	if err := w.Issue(t.Context(), "new", stream.Grant{Account: "2"}); err == nil {
		t.Error("a token was given to another account")
	}
	if err := w.Revoke(t.Context(), want.TokenHash, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Grant(t.Context(), "new"); !errors.Is(err, errRevoked) {
		t.Errorf("after the revocation: %v", err)
	}
	if err := w.Revoke(t.Context(), hashToken("unknown"), time.Now()); err != nil {
		t.Error(err)
	}
	if _, err := w.Grant(t.Context(), "unknown"); !errors.Is(err, errUnknown) {
		t.Errorf("revoking made a token: %v", err)
	}
}

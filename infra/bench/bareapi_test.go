package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// items are those that a bare server has written.
func (b *bareAPI) items(t *testing.T) (all []item) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(b.db, &dynamodb.ScanInput{TableName: aws.String("Content")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
	}
	return all
}

func newTestAPI(t *testing.T) *bareAPI {
	t.Helper()
	b, err := newBareAPI(t.Context(), documented)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func TestABareServerWritesAnItemPerChannel(t *testing.T) {
	for _, to := range []routing{single, scattered, everywhere} {
		b := newTestAPI(t)
		p := publishers{app: documented, http: clientOf(2), clients: 2, each: 3}
		posted, err := p.run(t.Context(), b.server.URL, 7, to, nil)
		p.http.CloseIdleConnections()
		if err != nil || posted.delivered != 6 || posted.latency.TotalCount() != 6 || posted.took <= 0 {
			t.Fatalf("%s: %+v, %v", to.name, posted, err)
		}
		written := b.items(t)
		if want := 6 * len(to.to(0, 0)); len(written) != want {
			t.Errorf("%s: %d items, want %d", to.name, len(written), want)
		}
		for _, i := range written {
			var payload struct{ Name, Data string }
			var l letter
			json.Unmarshal([]byte(i["payload"].(*types.AttributeValueMemberS).Value), &payload)
			if owner := i["owner"].(*types.AttributeValueMemberS).Value; payload.Name != "said" || json.Unmarshal([]byte(payload.Data), &l) != nil ||
				l.Round != 7 || !strings.HasPrefix(owner, "app#3#bench-") {
				t.Errorf("%s: %s has %+v", to.name, owner, payload)
			}
		}
	}
}

func TestABareServerRefusesWhoHasNotTheSecret(t *testing.T) {
	b := newTestAPI(t)
	p := publishers{app: application{documented.id, documented.key, "another"}, http: clientOf(1), clients: 1, each: 1}
	defer p.http.CloseIdleConnections()
	if _, err := p.run(t.Context(), b.server.URL, 1, single, nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
	if written := b.items(t); len(written) > 0 {
		t.Error(written)
	}
}

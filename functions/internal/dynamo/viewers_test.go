package dynamo

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/table"
	"edgestream/functions/internal/viewer"
)

type (
	mv   = types.AttributeValueMemberM
	nsv  = types.AttributeValueMemberNS
	bsv  = types.AttributeValueMemberBS
	binv = types.AttributeValueMemberB
)

func list(elements ...types.AttributeValue) types.AttributeValue { return &lv{Value: elements} }
func fields(m attributes) types.AttributeValue                   { return &mv{Value: m} }
func set(elements ...string) types.AttributeValue                { return &ssv{Value: elements} }
func str(s string) types.AttributeValue                          { return &sv{Value: s} }

// viewerRows are accounts with what they filter, as it should be read.
var viewerRows = map[string]struct {
	row  attributes
	want viewer.Data
}{
	"everything": {attributes{
		"languages": set("en", "de"), "blocks": &nsv{Value: []string{"7", "8"}}, "mutes": list(str("9"), &nv{Value: "10"}),
		"blockedBy": set("11"), "blockedDomains": set("far.example"),
		"filters": list(
			fields(attributes{"id": str("1"), "title": str("t"), "context": list(str("home"), str("public")), "action": str("hide"), "expiresAt": &nv{Value: "4102444800"},
				"keywords": list(fields(attributes{"keyword": str("x"), "wholeWord": &bv{Value: true}}), fields(attributes{"keyword": str("y")}))}),
			fields(attributes{"id": &nv{Value: "2"}, "context": set("thread"), "expiresAt": str("2100-01-01T01:00:00.5+01:00"), "keywords": list()}),
		),
	}, viewer.Data{
		Languages: []string{"de", "en"}, Blocks: []string{"7", "8"}, Mutes: []string{"9", "10"}, BlockedBy: []string{"11"}, BlockedDomains: []string{"far.example"},
		Filters: []viewer.Filter{
			{ID: "1", Title: "t", Context: []string{"home", "public"}, Action: "hide", ExpiresAt: time.Unix(4102444800, 0), Keywords: []viewer.Keyword{{Keyword: "x", WholeWord: true}, {Keyword: "y"}}},
			{ID: "2", Context: []string{"thread"}, ExpiresAt: time.UnixMilli(4102444800500)},
		},
	}},
	"nothing": {attributes{"disabled": &bv{Value: false}}, viewer.Data{}},
	"nulls":   {attributes{"languages": &nullv{Value: true}, "filters": &nullv{Value: true}, "blocks": list()}, viewer.Data{}},
	"malformed lists": {attributes{
		"languages": str("en"), "blocks": list(str("7"), &bv{Value: true}, list(str("8")), &nullv{Value: true}), "mutes": fields(attributes{"1": str("1")}),
		"blockedBy": &bsv{Value: [][]byte{{1}}}, "blockedDomains": &nv{Value: "1"}, "filters": set("a"),
	}, viewer.Data{Languages: []string{"en"}, Blocks: []string{"7"}, BlockedDomains: []string{"1"}}},
	"lone texts and numbers": {attributes{
		"languages": str("en"), "blocks": str("7"), "mutes": &nv{Value: "8"}, "blockedBy": &nv{Value: "9"}, "blockedDomains": str("Far.example"),
		"filters": fields(attributes{"id": str("1"), "context": str("home"), "keywords": fields(attributes{"keyword": str("x")})}),
	}, viewer.Data{
		Languages: []string{"en"}, Blocks: []string{"7"}, Mutes: []string{"8"}, BlockedBy: []string{"9"}, BlockedDomains: []string{"far.example"},
		Filters: []viewer.Filter{{ID: "1", Context: []string{"home"}, Keywords: []viewer.Keyword{{Keyword: "x"}}}},
	}},
	"empty texts": {attributes{"languages": str(""), "blocks": str(""), "filters": str("")}, viewer.Data{}},
	"unreadable": {attributes{
		"languages": &bv{Value: true}, "blocks": fields(attributes{"7": &bv{Value: true}}), "mutes": &binv{Value: []byte("8")},
		"blockedBy": &bsv{Value: [][]byte{{1}}}, "blockedDomains": &bv{Value: true}, "filters": &nv{Value: "1"},
	}, viewer.Data{}},
	"malformed filters": {attributes{"filters": list(
		str("x"),
		fields(attributes{"id": &bv{Value: true}, "title": &nv{Value: "1"}, "context": str("home"), "action": list(), "expiresAt": str("soon"), "keywords": str("x")}),
		fields(attributes{"id": str("3"), "expiresAt": &nv{Value: "4102444800000"}, "keywords": list(
			str("x"), fields(attributes{"keyword": &nv{Value: "1"}}), fields(attributes{"wholeWord": &bv{Value: true}}), fields(attributes{"keyword": str("y"), "wholeWord": str("true")}))}),
	)}, viewer.Data{Filters: []viewer.Filter{{Context: []string{"home"}}, {ID: "3", Keywords: []viewer.Keyword{{Keyword: "y"}}}}}},
}

func newViewers(t *testing.T) *Accounts {
	var rows []attributes
	for account, v := range viewerRows {
		rows = append(rows, row("account#"+account, v.row), token("of-"+account, attributes{"account": str(account)}))
	}
	return newAccounts(t, rows...)
}

// TestViewers compares versions: viewers that judge alike have the same.
func TestViewers(t *testing.T) {
	a := newViewers(t)
	accounts := []string{"nobody", "nobody", "", "a#b", strings.Repeat("1", 5000)}
	for account := range viewerRows {
		accounts = append(accounts, account)
	}
	found, err := a.Viewers(t.Context(), accounts)
	if err != nil {
		t.Fatal(err)
	}
	for account, v := range viewerRows {
		want := viewer.New(v.want).Version()
		if got := found[account].Version(); got != want {
			t.Errorf("%s: version %q, want %q", account, got, want)
		}
		if got, err := a.Viewer(t.Context(), account); got != want || err != nil {
			t.Errorf("%s alone: version %q, want %q; %v", account, got, want, err)
		}
		if g, err := a.Grant(t.Context(), "of-"+account); g.Viewer != want || err != nil {
			t.Errorf("%s: granted with version %q, want %q; %v", account, g.Viewer, want, err)
		}
	}
	for _, account := range accounts[:5] {
		if got := found[account].Version(); got != "" {
			t.Errorf("%.10q: version %q", account, got)
		}
		if got, err := a.Viewer(t.Context(), account); got != "" || err != nil {
			t.Errorf("%.10q: version %q, %v", account, got, err)
		}
	}
	if found, err := a.Viewers(t.Context(), nil); len(found) != 0 || err != nil {
		t.Errorf("of nobody: %v, %v", found, err)
	}
}

// TestManyAndLargeViewers reads more rows than one request takes, and more bytes than one answer does.
func TestManyAndLargeViewers(t *testing.T) {
	large := viewer.Filter{Title: strings.Repeat("x", 380<<10)}
	var rows []attributes
	var accounts []string
	for i := range 45 {
		accounts = append(accounts, fmt.Sprint("large", i))
		rows = append(rows, row("account#"+accounts[i], attributes{"filters": list(fields(attributes{"title": str(large.Title)})), "mutes": set(fmt.Sprint(i))}))
	}
	for i := range 150 {
		accounts = append(accounts, fmt.Sprint("small", i))
		rows = append(rows, row("account#"+accounts[45+i], attributes{"mutes": set(fmt.Sprint(i))}))
	}
	a := newAccounts(t, rows...)
	found, err := a.Viewers(t.Context(), accounts)
	if err != nil || len(found) != len(accounts) {
		t.Fatalf("%d viewers, %v", len(found), err)
	}
	for i, account := range accounts {
		want := viewer.Data{Mutes: []string{fmt.Sprint(i)}, Filters: []viewer.Filter{large}}
		if i >= 45 {
			want = viewer.Data{Mutes: []string{fmt.Sprint(i - 45)}}
		}
		if got, want := found[account].Version(), viewer.New(want).Version(); got != want {
			t.Errorf("%s: version %q, want %q", account, got, want)
		}
	}
}

func TestAChangeOfAViewerIsSeenAtOnce(t *testing.T) {
	client, sdk, name := newTable(t, "key")
	a := NewAccounts(client, name)
	for i := range 20 {
		id := strconv.Itoa(i)
		if _, err := sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: row("account#1", attributes{"mutes": set(id)})}); err != nil {
			t.Fatal(err)
		}
		want := viewer.New(viewer.Data{Mutes: []string{id}}).Version()
		found, err := a.Viewers(t.Context(), []string{"1"})
		if err != nil || found["1"].Version() != want {
			t.Errorf("version %s, want %s; %v", found["1"].Version(), want, err)
		}
	}
}

// TestViewersThatCanBeRead answers one batch, leaves keys of it unprocessed at first, and refuses the other.
func TestViewersThatCanBeRead(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, err := io.ReadAll(r.Body)
		body := string(read)
		if err != nil || !strings.Contains(body, `"ConsistentRead":true`) {
			t.Errorf("not consistent: %s, %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !strings.Contains(body, `"account#000"`) && !strings.Contains(body, `"account#001"`):
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}`)
		case calls == 0:
			calls++
			fmt.Fprint(w, `{"Responses":{"T":[{"key":{"S":"account#000"},"mutes":{"SS":["1"]}}]},"UnprocessedKeys":{"T":{"Keys":[{"key":{"S":"account#001"}}],"ConsistentRead":true}}}`)
		default:
			calls++
			fmt.Fprint(w, `{"Responses":{"T":[{"key":{"S":"account#001"},"mutes":{"SS":["1"]}}]}}`)
		}
	}))
	defer server.Close()
	cfg, _ := config(t)
	a := NewAccounts(awscall.New(cfg, "dynamodb", server.URL), "T")
	var accounts []string
	for i := range table.ReadsPerBatch + 1 {
		accounts = append(accounts, fmt.Sprintf("%03d", i))
	}
	found, err := a.Viewers(t.Context(), accounts)
	if err == nil || !strings.Contains(err.Error(), "ValidationException") {
		t.Errorf("error %v", err)
	}
	want := viewer.New(viewer.Data{Mutes: []string{"1"}}).Version()
	if len(found) != table.ReadsPerBatch || found["000"].Version() != want || found["001"].Version() != want || found["002"].Version() != "" || calls != 2 {
		t.Errorf("%d viewers by %d calls: %q %q %q", len(found), calls, found["000"].Version(), found["001"].Version(), found["002"].Version())
	}
	if found["002"] == nil {
		t.Error("an account that could be read and filters nothing is not there")
	}
}

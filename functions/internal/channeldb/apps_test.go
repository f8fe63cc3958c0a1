package channeldb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/table"
)

type (
	bv = types.AttributeValueMemberBOOL
	lv = types.AttributeValueMemberL
	mv = types.AttributeValueMemberM
)

// store is an Accounts table, and what reads it.
type store struct {
	*Apps
	sdk   *dynamodb.Client
	clock time.Time
	calls int
}

func newStore(t *testing.T) *store {
	cfg, endpoint := database(t)
	s := &store{sdk: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint }), clock: time.Now()}
	s.Apps = NewApps(awscall.New(cfg, "dynamodb", endpoint), newTable(t, s.sdk, "key"))
	s.now = func() time.Time { return s.clock }
	s.Meter(func(table.Units) { s.calls++ })
	return s
}

func (s *store) put(t *testing.T, key string, r attributes) {
	t.Helper()
	r = maps.Clone(r)
	r["key"] = &sv{Value: key}
	name := s.table.Name()
	if _, err := s.sdk.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &name, Item: r}); err != nil {
		t.Fatal(err)
	}
}

// whole is an app's row with everything, and changed as it says.
func whole(changes attributes) attributes {
	r := attributes{
		"appKey": &sv{Value: "key"}, "secret": &sv{Value: "secret"}, "enabled": &bv{Value: true},
		"clientEvents": &bv{Value: true}, "subscriptionCount": &bv{Value: true},
	}
	for name, v := range changes {
		if r[name] = v; v == nil {
			delete(r, name)
		}
	}
	return r
}

func texts(all ...string) *lv {
	l := &lv{}
	for _, s := range all {
		l.Value = append(l.Value, &sv{Value: s})
	}
	return l
}

func TestARowOfAnAppAllowsWhatItSays(t *testing.T) {
	s := newStore(t)
	want := pusher.App{Key: "key", Secret: "secret", Enabled: true, ClientEvents: true, SubscriptionCount: true}
	hook := &mv{Value: attributes{"url": &sv{Value: "https://a"}, "events": texts("cache_miss"), "prefix": &sv{Value: "p-"}}}
	for name, tt := range map[string]struct {
		row  attributes
		want func(*pusher.App)
	}{
		"whole":                 {whole(nil), func(*pusher.App) {}},
		"bare":                  {whole(attributes{"enabled": nil, "clientEvents": nil, "subscriptionCount": nil}), func(a *pusher.App) { a.Enabled, a.ClientEvents, a.SubscriptionCount = false, false, false }},
		"enabled as text":       {whole(attributes{"enabled": &sv{Value: "true"}}), func(a *pusher.App) { a.Enabled = false }},
		"enabled as number":     {whole(attributes{"enabled": &nv{Value: "1"}}), func(a *pusher.App) { a.Enabled = false }},
		"enabled is null":       {whole(attributes{"enabled": &types.AttributeValueMemberNULL{Value: true}}), func(a *pusher.App) { a.Enabled = false }},
		"client events as text": {whole(attributes{"clientEvents": &sv{Value: "yes"}}), func(a *pusher.App) { a.ClientEvents = false }},
		"no secret":             {whole(attributes{"secret": nil}), nil},
		"an empty secret":       {whole(attributes{"secret": &sv{}}), nil},
		"no key":                {whole(attributes{"appKey": nil}), nil},
		"key as number":         {whole(attributes{"appKey": &nv{Value: "7"}}), nil},
		"webhooks are no list":  {whole(attributes{"webhooks": &sv{Value: "https://a"}}), func(*pusher.App) {}},
		"odd webhooks among one": {whole(attributes{"webhooks": &lv{Value: []types.AttributeValue{&sv{Value: "https://b"}, &mv{}, &mv{Value: attributes{"url": &nv{Value: "1"}, "events": texts()}}, &mv{Value: attributes{"url": &sv{Value: "https://c"}, "events": &sv{Value: "all"}}}, &mv{Value: attributes{"url": &sv{Value: "https://d"}, "events": texts(), "prefix": &nv{Value: "1"}}}, hook}}}), func(a *pusher.App) {
			a.Webhooks = []pusher.Webhook{{URL: "https://a", Events: []string{"cache_miss"}, Prefix: "p-"}}
		}},
	} {
		id := fmt.Sprintf("a%x", name)[:min(60, 1+2*len(name))]
		s.put(t, "app#"+id, tt.row)
		got, err := s.App(t.Context(), id)
		if tt.want == nil {
			if !errors.Is(err, pusher.ErrNoApp) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		want := want
		want.ID = id
		tt.want(&want)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestAnAppIsFoundByItsKeyAlone(t *testing.T) {
	s := newStore(t)
	s.put(t, "app#1", whole(attributes{"appKey": &sv{Value: "new"}}))
	s.put(t, "appkey#new", attributes{"app": &sv{Value: "1"}})
	s.put(t, "appkey#old", attributes{"app": &sv{Value: "1"}})
	s.put(t, "appkey#lost", attributes{"app": &sv{Value: "2"}})
	s.put(t, "appkey#odd", attributes{"app": &nv{Value: "1"}})
	if app, err := s.AppByKey(t.Context(), "new"); err != nil || app.ID != "1" {
		t.Errorf("%+v, %v", app, err)
	}
	for _, key := range []string{"old", "lost", "none", "", string(make([]byte, 3000))} {
		if app, err := s.AppByKey(t.Context(), key); !errors.Is(err, pusher.ErrNoApp) {
			t.Errorf("%.10q: %+v, %v", key, app, err)
		}
	}
}

func TestAppsAreKnownForSeconds(t *testing.T) {
	s := newStore(t)
	enabled := func(want bool, calls int) {
		t.Helper()
		before := s.calls
		app, err := s.App(t.Context(), "1")
		if err != nil && !errors.Is(err, pusher.ErrNoApp) || app.Enabled != want || s.calls-before != calls {
			t.Errorf("enabled %v after %d calls, %v; want %v, %d", app.Enabled, s.calls-before, err, want, calls)
		}
	}
	enabled(false, 1)
	s.put(t, "app#1", whole(nil))
	enabled(false, 0)
	s.clock = s.clock.Add(noAppFor)
	enabled(true, 1)
	s.put(t, "app#1", whole(attributes{"enabled": nil}))
	s.clock = s.clock.Add(appFor - time.Millisecond)
	enabled(true, 0)
	s.clock = s.clock.Add(time.Millisecond)
	enabled(false, 1)
}

func TestTheStateOfAnAppIsReadEachTime(t *testing.T) {
	s := newStore(t)
	current := func(want error, enabled bool, calls int) {
		t.Helper()
		before := s.calls
		app, err := s.Current(t.Context(), "key")
		if !errors.Is(err, want) || app.Enabled != enabled || s.calls-before != calls {
			t.Errorf("enabled %v after %d calls, %v; want %v, %d, %v", app.Enabled, s.calls-before, err, enabled, calls, want)
		}
	}
	current(pusher.ErrNoApp, false, 2) // the key's row, twice
	s.put(t, "appkey#key", attributes{"app": &sv{Value: "1"}})
	s.put(t, "app#1", whole(nil))
	current(nil, true, 2) // no row names it as far as is known
	s.put(t, "app#1", whole(attributes{"enabled": nil}))
	current(nil, false, 1)
	if app, err := s.AppByKey(t.Context(), "key"); err != nil || app.Enabled {
		t.Errorf("what was read is not known: %+v, %v", app, err)
	}
	s.put(t, "app#1", whole(attributes{"appKey": &sv{Value: "other"}}))
	s.put(t, "app#2", whole(nil))
	s.put(t, "appkey#key", attributes{"app": &sv{Value: "2"}})
	current(nil, true, 3) // the key is another app's
	s.put(t, "app#2", attributes{})
	current(pusher.ErrNoApp, false, 3)
}

func TestAskingForManyKeysForgetsNoApp(t *testing.T) {
	s := newStore(t)
	s.put(t, "app#1", whole(nil))
	if _, err := s.App(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxKnown {
		s.keep(fmt.Sprint("appkey#", i), nil, s.clock)
	}
	before := s.calls
	if _, err := s.App(t.Context(), "1"); err != nil || s.calls != before {
		t.Errorf("%d calls, %v", s.calls-before, err)
	}
	if len(s.known) > maxKnown {
		t.Errorf("%d answers are kept", len(s.known))
	}
}

func TestAccountsHaveAnApp(t *testing.T) {
	s := newStore(t)
	want := map[string]string{}
	var asked []string
	for i := range 120 {
		account := fmt.Sprint(i)
		asked = append(asked, account, account)
		switch i % 3 {
		case 0:
			want[account] = "4072"
			s.put(t, "account#"+account, attributes{"app": &sv{Value: "4072"}})
		case 1:
			s.put(t, "account#"+account, attributes{"app": &nv{Value: "4072"}})
		}
	}
	got, err := s.AppOf(t.Context(), append(asked, "", string(make([]byte, 3000))))
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

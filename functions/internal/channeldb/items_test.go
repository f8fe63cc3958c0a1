package channeldb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/cloudapptest"
)

func TestItems(t *testing.T) {
	cloudapptest.Run(t, func(t *testing.T) cloudapp.Items {
		items, _ := newItems(t)
		return items
	})
}

type (
	attributes = map[string]types.AttributeValue
	sv         = types.AttributeValueMemberS
	nv         = types.AttributeValueMemberN
	nullv      = types.AttributeValueMemberNULL
)

// newItems also writes rows as an application does.
func newItems(t *testing.T) (*Items, func(attributes)) {
	cfg, endpoint := database(t)
	sdk := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	name := newTable(t, sdk, "owner", "id")
	return NewItems(awscall.New(cfg, "dynamodb", endpoint), name), func(row attributes) {
		t.Helper()
		if _, err := sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: row}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatAnApplicationWritesIsListedAsItIsPublished(t *testing.T) {
	c, put := newItems(t)
	at := func(id, kind string, payload types.AttributeValue) attributes {
		row := attributes{"owner": &sv{Value: "1"}, "id": &sv{Value: id}, "kind": &sv{Value: kind}, "app": &sv{Value: "4072"}}
		if payload != nil {
			row["payload"] = payload
		}
		return row
	}
	object := &types.AttributeValueMemberM{Value: attributes{"name": &sv{Value: "b<"}, "href": &sv{Value: "h"}, "n": &nv{Value: "7"}, "deleted_at": &nullv{Value: true}}}
	put(at("item#1", "item", &sv{Value: `{ "name":"a" }`}))
	put(at("item#2", "item", object))
	put(at("item#3", "item", nil))
	put(at("item#4", "status", object))
	put(at("items#5", "item", object))
	put(at("status#6", "item", object))
	over, later, odd := at("item#7", "item", object), at("item#8", "item", &sv{Value: "8"}), at("item#9", "item", &sv{Value: "9"})
	over["expiresAt"], later["expiresAt"], odd["expiresAt"] = &nv{Value: "1769900000"}, &nv{Value: "4102444800"}, &sv{Value: "1"}
	put(over)
	put(later)
	put(odd)
	want := []string{"9 9", "8 8", "3 ", `2 {"deleted_at":null,"href":"h","n":7,"name":"b<"}`, `1 { "name":"a" }`}
	var got []string
	err := c.List(t.Context(), "1", func(page []cloudapp.Entry) bool {
		for _, e := range page {
			got = append(got, fmt.Sprintf("%s %s", e.ID, e.Payload))
		}
		return true
	})
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) || err != nil {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for id, want := range map[string]error{"4": cloudapp.ErrNoItem, "7": cloudapp.ErrNoItem, "8": nil, "9": nil} {
		if _, err := c.Item(t.Context(), "1", id); !errors.Is(err, want) {
			t.Errorf("item %s: %v, want %v", id, err, want)
		}
	}
	testReplacedMap(t, c)
}

// testReplacedMap changes an item whose payload is a map, and nothing else of it.
func testReplacedMap(t *testing.T, c *Items) {
	t.Helper()
	e, err := c.Item(t.Context(), "1", "2")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is the same call, whose answer was lost
		if err := c.Replace(t.Context(), "1", e, []byte(`{"name":"c"}`)); err != nil {
			t.Error(err)
		}
	}
	if err := c.Replace(t.Context(), "1", e, []byte(`{"name":"d"}`)); !errors.Is(err, cloudapp.ErrChanged) {
		t.Error(err)
	}
	got, err := c.content.Call(t.Context(), "GetItem", map[string]any{"Key": itemKey("1", "2")})
	if err != nil || got.Row.Get("app").Text != "4072" || got.Row.Get("payload").Text != `{"name":"c"}` {
		t.Errorf("%+v, %v", got.Row, err)
	}
	if err := c.Replace(t.Context(), "1", cloudapp.Entry{ID: "3"}, []byte(`{}`)); err == nil {
		t.Error("replaced what had no payload")
	}
}

func TestAListIsReadInPages(t *testing.T) {
	c, _ := newItems(t)
	const items = itemsPage + 20
	for n := range items {
		if err := c.Create(t.Context(), "1", fmt.Sprintf("%03d", n), []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	var pages []int
	err := c.List(t.Context(), "1", func(page []cloudapp.Entry) bool { pages = append(pages, len(page)); return true })
	if fmt.Sprint(pages) != "[100 20]" || err != nil {
		t.Errorf("%v, %v", pages, err)
	}
}

func TestItemsThatCannotBeRead(t *testing.T) {
	cfg, _ := database(t)
	c := NewItems(awscall.New(cfg, "dynamodb", "http://127.0.0.1:1"), "Content")
	if err := c.List(t.Context(), "1", func([]cloudapp.Entry) bool { return true }); err == nil {
		t.Error("listed")
	}
	if _, err := c.Item(t.Context(), "1", "1"); err == nil || errors.Is(err, cloudapp.ErrNoItem) {
		t.Error(err)
	}
	if err := c.Create(t.Context(), "1", "1", nil); err == nil || errors.Is(err, cloudapp.ErrExists) {
		t.Error(err)
	}
}

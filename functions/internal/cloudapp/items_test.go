package cloudapp_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/stream"
)

// step is one change of an item and what becomes of it.
type step struct {
	do, name, updated, deleted string
	writes                     int
}

func TestTheLifeOfAnItem(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, _ := w.create(t, g, bookmark) // at 03:04:05; each step is a second later
	for i, s := range []step{
		{`{"item":{"name":"Betelgeuse"}}`, "Betelgeuse", "06", "", 1},
		{`{"item":{"name":"Betelgeuse"}}`, "Betelgeuse", "06", "", 0},
		{`{"item":{"view_counter":7,"href":"x","updated_at":"x"}}`, "Betelgeuse", "06", "", 0},
		{`{"item":{"private":false}}`, "Betelgeuse", "09", "", 1},
		{"DELETE", "Betelgeuse", "09", "10", 1},
		{"DELETE", "Betelgeuse", "09", "10", 0},
		{`{"item":{"name":"in the trash"}}`, "in the trash", "12", "10", 1},
		{`{"deleted":true,"item":{"deleted_at":null}}`, "in the trash", "12", "", 1},
		{`{"deleted":true,"item":{"deleted_at":null}}`, "in the trash", "12", "", 0},
		{"DELETE", "in the trash", "12", "15", 1},
		{`{"item":{"deleted_at":null,"name":"back"}}`, "back", "16", "", 1},
		{`{"item":{"redirect_url":"http://b.example","item_type":"bookmark"}}`, "back", "17", "", 1},
	} {
		before := w.items.Writes
		text, err := w.apply(t.Context(), g, id, s.do)
		var got shown
		if err == nil {
			decode(t, text, &got)
		}
		deleted := ""
		if got.DeletedAt != nil {
			deleted = strings.TrimSuffix(strings.TrimPrefix(*got.DeletedAt, "2026-01-02T03:04:"), "Z")
		}
		if err != nil || got.Name != s.name || got.UpdatedAt != "2026-01-02T03:04:"+s.updated+"Z" || deleted != s.deleted || w.items.Writes-before != s.writes || got.CreatedAt != "2026-01-02T03:04:05Z" {
			t.Errorf("step %d, %s: %s, %v, %d writes", i, s.do, text, err, w.items.Writes-before)
		}
		if stored, _ := w.items.Item(t.Context(), "1", id); string(stored.Payload) != string(text) {
			t.Errorf("step %d stored %s", i, stored.Payload)
		}
		w.now = w.now.Add(time.Second)
	}
}

func (w *world) apply(ctx context.Context, g stream.Grant, id, do string) ([]byte, error) {
	if do == "DELETE" {
		return w.Trash(ctx, g, id)
	}
	return w.Update(ctx, g, id, []byte(do))
}

func TestAChangeThatCannotBe(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, _ := w.create(t, g, bookmark)
	for body, want := range map[string]string{
		`{"item":{"name":""}}`:                                  "Name can't be blank",
		`{"item":{"name":null}}`:                                "Name must be a text",
		`{"item":{"redirect_url":null}}`:                        "URL can't be blank",
		`{"item":{"deleted_at":"2026-01-01T00:00:00Z"}}`:        "Deleted at can only be null: DELETE puts an item into the trash",
		`{"item":{"deleted_at":false,"private":null,"name":1}}`: "Name must be a text, Private must be true or false, Deleted at can only be null: DELETE puts an item into the trash",
	} {
		_, err := w.Update(t.Context(), g, id, []byte(body))
		if wrong, ok := errors.AsType[cloudapp.Invalid](err); !ok || wrong.Error() != want || w.items.Writes != 1 {
			t.Errorf("%s:\ngot  %v\nwant %s", body, err, want)
		}
	}
}

// What an application writes for itself has members and spaces of its own.
func TestAChangeLeavesWhatItDoesNotName(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	stored := `{"thumbnail_url":"http://t/1", "view_counter":7, "name":"a", "n":1.0,"item_type":"bookmark"}`
	if err := w.items.Create(t.Context(), "1", "4257111", []byte(stored)); err != nil {
		t.Fatal(err)
	}
	got, err := w.Update(t.Context(), g, "4257111", []byte(`{"item":{"name":"b"}}`))
	if want := `{"thumbnail_url":"http://t/1","view_counter":7,"name":"b","n":1.0,"item_type":"bookmark","updated_at":"2026-01-02T03:04:05Z"}`; string(got) != want || err != nil {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	got, err = w.Trash(t.Context(), g, "4257111")
	if want := `,"deleted_at":"2026-01-02T03:04:05Z"}`; !strings.HasSuffix(string(got), want) || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if err := w.items.Create(t.Context(), "1", "odd", []byte(`"text"`)); err != nil {
		t.Fatal(err)
	}
	_, err = w.Trash(t.Context(), g, "odd")
	_, itemErr := w.Item(t.Context(), g, "odd")
	if !errors.Is(err, cloudapp.ErrNoItem) || !errors.Is(itemErr, cloudapp.ErrNoItem) {
		t.Errorf("what is no object: %v, %v", err, itemErr)
	}
}

func TestAnItemIsItsAccountsOwn(t *testing.T) {
	w := newWorld()
	id, _ := w.create(t, w.grant("1", "t"), bookmark)
	other := w.grant("2", "u")
	for _, id := range []string{id, "", "1", strings.Repeat("1", 5000), id + "/"} {
		for _, do := range []string{"GET", "DELETE", `{"item":{"name":"n"}}`} {
			var err error
			if do == "GET" {
				_, err = w.Item(t.Context(), other, id)
			} else {
				_, err = w.apply(t.Context(), other, id, do)
			}
			if !errors.Is(err, cloudapp.ErrNoItem) {
				t.Errorf("%s %.20s: %v", do, id, err)
			}
		}
	}
}

func TestScopesOfItems(t *testing.T) {
	w := newWorld()
	id, _ := w.create(t, w.grant("1", "t"), bookmark)
	reader, writer, granular := w.grant("1", "r", "read"), w.grant("1", "w", "write"), w.grant("1", "g", "read:statuses", "write:statuses")
	for name, tt := range map[string]struct {
		call   func(stream.Grant) error
		allows stream.Grant
	}{
		"list": {func(g stream.Grant) error {
			_, err := w.List(t.Context(), g, cloudapp.Query{Page: 1, PerPage: 1})
			return err
		}, reader},
		"item": {func(g stream.Grant) error { _, err := w.Item(t.Context(), g, id); return err }, reader},
		"create": {func(g stream.Grant) error {
			_, _, err := w.Create(t.Context(), g, base, "", []byte(bookmark))
			return err
		}, writer},
		"update": {func(g stream.Grant) error { _, err := w.apply(t.Context(), g, id, `{"item":{"name":"n"}}`); return err }, writer},
		"trash":  {func(g stream.Grant) error { _, err := w.Trash(t.Context(), g, id); return err }, writer},
	} {
		for _, g := range []stream.Grant{reader, writer, granular} {
			err := tt.call(g)
			if allowed := g.TokenHash == tt.allows.TokenHash; allowed && err != nil || !allowed && !errors.Is(err, cloudapp.ErrScope) {
				t.Errorf("%s with %v: %v", name, g.Scopes, err)
			}
		}
	}
}

func TestConcurrentChangesAreAllMade(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, _ := w.create(t, g, bookmark)
	var all sync.WaitGroup
	for n, body := range []string{`{"item":{"name":"other"}}`, `{"item":{"private":false}}`, `{"item":{"icon":"http://i"}}`, "DELETE", `{"item":{"remote_url":"http://r"}}`, `{"item":{"url":"http://u"}}`} {
		all.Go(func() {
			if _, err := w.apply(t.Context(), g, id, body); err != nil {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	all.Wait()
	text, err := w.Item(t.Context(), g, id)
	var got shown
	decode(t, text, &got)
	if err != nil || got.Name != "other" || got.Private || *got.Icon != "http://i" || got.DeletedAt == nil || *got.RemoteURL != "http://r" || got.URL != "http://u" {
		t.Errorf("%s, %v", text, err)
	}
}

// busy has somebody else change an item just before each change.
type busy struct{ cloudapp.Items }

func (busy) Replace(context.Context, string, cloudapp.Entry, []byte) error {
	return cloudapp.ErrChanged
}

func TestAnItemThatIsChangedAllTheTime(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, _ := w.create(t, g, bookmark)
	w.Items = busy{w.items}
	if _, err := w.Trash(t.Context(), g, id); !errors.Is(err, cloudapp.ErrBusy) {
		t.Error(err)
	}
}

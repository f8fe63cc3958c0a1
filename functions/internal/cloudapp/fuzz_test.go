package cloudapp_test

import (
	"context"
	"fmt"
	"testing"

	"edgestream/functions/internal/cloudapp"
)

func FuzzBodies(f *testing.F) {
	for _, body := range []string{bookmark, `{"item":{"deleted_at":null}}`, `{"items":[{"name":"a","redirect_url":"http://a"},{}]}`, `{"item":{"name":"\ud800","item_type":"image"}}`} {
		f.Add([]byte(body), "agent\xff")
	}
	f.Fuzz(func(t *testing.T, body []byte, agent string) {
		w := newWorld()
		g := w.grant("1", "t")
		id, _ := w.create(t, g, bookmark)
		_, _, _ = w.Create(t.Context(), g, base, agent, body)
		_, _ = w.Update(t.Context(), g, id, body)
		all, err := w.List(t.Context(), g, cloudapp.Query{Page: 1, PerPage: 100})
		var items []shown
		decode(t, all, &items)
		if err != nil || len(items) != w.count() {
			t.Fatalf("%d items, %d are listed: %s, %v", w.count(), len(items), all, err)
		}
		for _, i := range items {
			if len(i.Name) == 0 || i.Href == "" || i.URL == "" || i.ItemType == "" {
				t.Fatalf("%+v of %s", i, body)
			}
		}
	})
}

// count is how many items the account 1 has.
func (w *world) count() (n int) {
	err := w.items.List(context.Background(), "1", func(page []cloudapp.Entry) bool { n += len(page); return true })
	if err != nil {
		panic(fmt.Sprint(err)) // memory cannot fail
	}
	return n
}

package cloudapp_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/stream"
)

// names are those of the items that the query lists.
func (w *world) names(t *testing.T, g stream.Grant, query string) string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	q, err := cloudapp.ParseQuery(values.Get)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	text, err := w.List(t.Context(), g, q)
	if err != nil {
		t.Fatal(err)
	}
	var items []shown
	decode(t, text, &items)
	var all []string
	for _, i := range items {
		all = append(all, i.Name)
	}
	return strings.Join(all, " ")
}

func TestLists(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	w.create(t, w.grant("2", "u"), `{"item":{"name":"foreign","redirect_url":"http://a"}}`)
	for n := range 7 {
		kind := []string{"image", "video"}[n%2]
		id, _ := w.create(t, g, fmt.Sprintf(`{"item":{"name":"%c","item_type":"%s"}}`, 'a'+n, kind))
		if n%3 == 2 {
			if _, err := w.Trash(t.Context(), g, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.items.Create(t.Context(), "1", "4", []byte(`{"name":"bare","source":"Cloud/1.5.1"}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.items.Create(t.Context(), "1", "5", []byte(`no JSON`)); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                               "bare g e d b a",
		"deleted=false":                  "bare g e d b a",
		"deleted=true":                   "f c",
		"per_page=2":                     "bare g",
		"page=2&per_page=2":              "e d",
		"page=3&per_page=2":              "b a",
		"page=4&per_page=2":              "",
		"page=2&per_page=4":              "b a",
		"type=image":                     "g e a",
		"type=video&deleted=true":        "f",
		"type=bookmark":                  "",
		"source=Cloud":                   "bare",
		"source=agent%2F1&type=video":    "d b",
		"source=cloud":                   "",
		"page=2&per_page=1&type=image":   "e",
		"unknown=1&access_token=t&page=": "bare g e d b a",
	} {
		if got := w.names(t, g, query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if text, err := w.List(t.Context(), w.grant("9", "n"), cloudapp.Query{Page: 1, PerPage: 1}); string(text) != "[]" || err != nil {
		t.Errorf("nothing is %s, %v", text, err)
	}
}

func TestListsThatCannotBe(t *testing.T) {
	for query, want := range map[string]string{
		"page=0":                    "page must be a number from 1 to 10000",
		"page=-1":                   "page must be a number from 1 to 10000",
		"page=x":                    "page must be a number from 1 to 10000",
		"page=99999999999999999999": "page must be a number from 1 to 10000",
		"per_page=0":                "per_page must be a number from 1 to 100",
		"per_page=101":              "per_page must be a number from 1 to 100",
		"per_page=1.5":              "per_page must be a number from 1 to 100",
		"page=102&per_page=100":     "page is too far: at most 10000 items may come before it",
		"deleted=yes":               "deleted must be true or false",
		"type=Image":                "type must be one of image, bookmark, text, archive, audio, video, unknown",
		"page=a&per_page=b&type=c&deleted=d": "page must be a number from 1 to 10000, per_page must be a number from 1 to 100, " +
			"deleted must be true or false, type must be one of image, bookmark, text, archive, audio, video, unknown",
	} {
		values, _ := url.ParseQuery(query)
		_, err := cloudapp.ParseQuery(values.Get)
		if wrong, ok := errors.AsType[cloudapp.Invalid](err); !ok || wrong.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", query, err, want)
		}
	}
	if q, err := cloudapp.ParseQuery(url.Values{"page": {"101"}, "per_page": {"100"}}.Get); err != nil || q.Page != 101 {
		t.Errorf("the farthest page: %+v, %v", q, err)
	}
}

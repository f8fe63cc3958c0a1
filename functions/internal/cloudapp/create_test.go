package cloudapp_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/stream"
)

// golden is what the item of a bookmark is, byte for byte.
const golden = `{"href":"https://stream.example/items/1767323045000678","name":"CloudApp","private":true,"subscribed":false,` +
	`"url":"https://stream.example/items/1767323045000678","content_url":"https://stream.example/items/1767323045000678","item_type":"bookmark","view_counter":0,"icon":null,` +
	`"remote_url":null,"redirect_url":"http://getcloudapp.com/?a=1&b=<2>","source":"agent/1","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z","deleted_at":null}`

const bookmark = `{"item":{"name":"CloudApp","redirect_url":"http://getcloudapp.com/?a=1&b=<2>"}}`

func TestAnItemIsTheSameBytesWhereverItIsShown(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, created := w.create(t, g, bookmark)
	one, err := w.Item(t.Context(), g, id)
	all, listErr := w.List(t.Context(), g, cloudapp.Query{Page: 1, PerPage: 5})
	stored, storeErr := w.items.Item(t.Context(), "1", id)
	if err := errors.Join(err, listErr, storeErr); err != nil {
		t.Fatal(err)
	}
	for where, got := range map[string]string{"created": created, "alone": string(one), "listed": strings.Trim(string(all), "[]"), "stored": string(stored.Payload)} {
		if got != golden {
			t.Errorf("%s:\ngot  %s\nwant %s", where, got, golden)
		}
	}
}

// shown has the members of an item that tests look at.
type shown struct {
	Href        string  `json:"href"`
	Name        string  `json:"name"`
	Private     bool    `json:"private"`
	URL         string  `json:"url"`
	ContentURL  string  `json:"content_url"`
	ItemType    string  `json:"item_type"`
	Icon        *string `json:"icon"`
	RemoteURL   *string `json:"remote_url"`
	RedirectURL *string `json:"redirect_url"`
	Source      *string `json:"source"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
	DeletedAt   *string `json:"deleted_at"`
	Views       int     `json:"view_counter"`
	Thumbnail   string  `json:"thumbnail_url"`
}

func TestWhatAnItemIsMadeOf(t *testing.T) {
	long := "http://a.example/" + strings.Repeat("é", 300)
	for body, want := range map[string]string{
		`{"item":{"redirect_url":"http://a.example"}}`:                                                 "http://a.example",
		`{"item":{"name":"","redirect_url":"http://a.example"}}`:                                       "http://a.example",
		`{"item":{"name":null,"redirect_url":"http://a.example"}}`:                                     "http://a.example",
		`{"item":{"redirect_url":"` + long + `"}}`:                                                     long[:17] + strings.Repeat("é", 256-17),
		`{"item":{"name":"n","item_type":"image"}}`:                                                    "n",
		`{"item":{"name":"\u0000x"},"item":{"name":"last","item_type":"text"}}`:                        "last",
		` {"deleted":1,"item":{"name":"日本","redirect_url":"HTTPS://a.example:8443/?#","x":[{}]}} `:     "日本",
		`{"item":{"name":"\u65e5\ud83d\ude00","item_type":"unknown","href":"http://evil","id":3}}`:     "日😀",
		`{"item":{"name":"n","item_type":"audio","deleted_at":"2020-01-01T00:00:00Z","created_at":1}}`: "n",
	} {
		w := newWorld()
		_, payload := w.create(t, w.grant("1", "t"), body)
		var got shown
		decode(t, []byte(payload), &got)
		if got.Name != want || got.Href != base+"/items/1767323045000678" || got.DeletedAt != nil || got.CreatedAt != "2026-01-02T03:04:05Z" {
			t.Errorf("%.80s: %s", body, payload)
		}
	}
}

func TestAnItemThatCannotBe(t *testing.T) {
	const image = `"item_type":"image","name":"n"`
	for body, want := range map[string]string{
		`{"item":{}}`:                                                                               "URL can't be blank",
		`{"item":{"name":"n"}}`:                                                                     "URL can't be blank",
		`{"item":{"name":"n","redirect_url":null}}`:                                                 "URL can't be blank",
		`{"item":{"item_type":"image"}}`:                                                            "Name can't be blank",
		`{"item":{"item_type":"image","name":" "}}`:                                                 "Name can't be blank",
		`{"item":{"item_type":"Image","name":"n"}}`:                                                 "Item type must be one of image, bookmark, text, archive, audio, video, unknown",
		`{"item":{"item_type":null,"redirect_url":"http://a"}}`:                                     "Item type must be one of image, bookmark, text, archive, audio, video, unknown",
		`{"item":{"name":1,"redirect_url":"http://a"}}`:                                             "Name must be a text",
		`{"item":{"name":"a\nb","redirect_url":"http://a"}}`:                                        "Name can't have control characters",
		`{"item":{"name":"` + strings.Repeat("é", 257) + `","redirect_url":"http://a"}}`:            "Name is too long (maximum is 256 characters)",
		`{"item":{"redirect_url":"javascript:alert(1)"}}`:                                           "URL must be an http or https URL",
		`{"item":{"redirect_url":"//a.example"}}`:                                                   "URL must be an http or https URL",
		`{"item":{"redirect_url":"http://"}}`:                                                       "URL must be an http or https URL",
		`{"item":{"redirect_url":"http://:80/"}}`:                                                   "URL must be an http or https URL",
		`{"item":{"redirect_url":"http://a\n"}}`:                                                    "URL must be an http or https URL",
		`{"item":{"redirect_url":""}}`:                                                              "URL must be an http or https URL",
		`{"item":{"redirect_url":["http://a"]}}`:                                                    "URL must be a text",
		`{"item":{"redirect_url":"http://a/` + strings.Repeat("x", 2048) + `"}}`:                    "URL is too long (maximum is 2048 bytes)",
		`{"item":{` + image + `,"private":1}}`:                                                      "Private must be true or false",
		`{"item":{` + image + `,"private":"true"}}`:                                                 "Private must be true or false",
		`{"item":{` + image + `,"remote_url":"ftp://a"}}`:                                           "Remote URL must be an http or https URL",
		`{"item":{` + image + `,"url":{}}}`:                                                         "Share URL must be a text",
		`{"item":{` + image + `,"content_url":"x"}}`:                                                "Content URL must be an http or https URL",
		`{"item":{` + image + `,"icon":true}}`:                                                      "Icon must be a text",
		`{"item":{` + image + `,"url":U,"content_url":U,"remote_url":U,"icon":U,"redirect_url":U}}`: "Item is too large (maximum is 10240 bytes)",
		`{"item":{"name":2,"private":3,"redirect_url":4}}`:                                          "Name must be a text, URL must be a text, Private must be true or false",
	} {
		w := newWorld()
		body = strings.ReplaceAll(body, "U", `"http://a/`+strings.Repeat("y", 2039)+`"`)
		_, _, err := w.Create(t.Context(), w.grant("1", "t"), base, "", []byte(body))
		if wrong, ok := errors.AsType[cloudapp.Invalid](err); !ok || wrong.Error() != want || w.items.Writes != 0 {
			t.Errorf("%.80s:\ngot  %v\nwant %s", body, err, want)
		}
	}
}

func TestABodyThatIsNone(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, _ := w.create(t, g, bookmark)
	for _, body := range []string{"", "null", "[]", `"x"`, "{", `{"item":{}`, `{"item":{}}x`, `{"item":null}`, `{"item":[]}`, `{"item":"x"}`, `{}`, `{"items":{}}`, `{"items":[]}`, `{"items":[1]}`,
		`{"items":[` + strings.Repeat("{},", 25) + `{}]}`, "\xff", `{"item":{"name":"` + "\x00" + `"}}`, strings.Repeat(`{"item":`, 20_000)} {
		if _, _, err := w.Create(t.Context(), g, base, "", []byte(body)); !errors.Is(err, cloudapp.ErrBody) {
			t.Errorf("create %.40q: %v", body, err)
		}
		if _, err := w.Update(t.Context(), g, id, []byte(body)); !errors.Is(err, cloudapp.ErrBody) {
			t.Errorf("update %.40q: %v", body, err)
		}
	}
	if _, err := w.Update(t.Context(), g, id, []byte(`{"items":[{}]}`)); !errors.Is(err, cloudapp.ErrBody) {
		t.Errorf("update of several: %v", err)
	}
}

func TestSeveralItemsAtOnce(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	text, bad, err := w.Create(t.Context(), g, base, "", []byte(`{"items":[{"name":"a","redirect_url":"http://a"},{"name":"b","redirect_url":"http://b"}]}`))
	var both []shown
	decode(t, text, &both)
	if err != nil || bad || len(both) != 2 || both[0].Name != "a" || both[1].Name != "b" || both[0].Href >= both[1].Href || both[0].Source != nil {
		t.Errorf("%s, %v, %v", text, bad, err)
	}
	text, bad, err = w.Create(t.Context(), g, base, "", []byte(`{"items":[{"name":"a"},{"name":"c","redirect_url":"http://c"}]}`))
	if err != nil || !bad || !strings.HasPrefix(string(text), `[["URL can't be blank"],{"href":`) || w.items.Writes != 3 {
		t.Errorf("%s, %v, %v", text, bad, err)
	}
}

// taken says of the first ids that there are such items.
type taken struct {
	cloudapp.Items
	left int
}

func (i *taken) Create(ctx context.Context, account, id string, payload []byte) error {
	if i.left > 0 {
		i.left--
		return cloudapp.ErrExists
	}
	return i.Items.Create(ctx, account, id, payload)
}

func TestIDsThatAreTaken(t *testing.T) {
	w := newWorld()
	w.Items = &taken{w.items, 3}
	if id, payload := w.create(t, w.grant("1", "t"), bookmark); id != "1767323045000681" {
		t.Error(payload)
	}
	w.Items = &taken{w.items, 1000}
	if _, _, err := w.Create(t.Context(), w.grant("1", "t"), base, "", []byte(bookmark)); !errors.Is(err, cloudapp.ErrExists) {
		t.Error(err)
	}
}

func TestAnEventSaysTheBytesOfTheList(t *testing.T) {
	w := newWorld()
	g := w.grant("1", "t")
	id, created := w.create(t, g, bookmark)
	renamed, err := w.Update(t.Context(), g, id, []byte(`{"item":{"name":"a"}}`))
	trashed, trashErr := w.Trash(t.Context(), g, id)
	recovered, recoverErr := w.Update(t.Context(), g, id, []byte(`{"item":{"deleted_at":null}}`))
	if err := errors.Join(err, trashErr, recoverErr); err != nil {
		t.Fatal(err)
	}
	var old *stream.Item
	for i, s := range []struct{ event, payload string }{{"create", created}, {"update", string(renamed)}, {"delete", string(trashed)}, {"create", string(recovered)}} {
		item := &stream.Item{Owner: "1", ID: "item#" + id, Kind: "item", Payload: []byte(s.payload)}
		messages, err := stream.Change{Owner: "1", Old: old, New: item}.Messages()
		if err != nil || len(messages) != 1 || messages[0].Event != s.event || string(messages[0].Payload) != s.payload || messages[0].Topic != stream.ItemsTopic("1") {
			t.Errorf("%d: %+v, %v, want %s", i, messages, err, s.event)
		}
		old = item
	}
}

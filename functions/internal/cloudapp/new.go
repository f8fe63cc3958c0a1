package cloudapp

import (
	"strings"
	"time"
)

// newItem is an item as it is first stored: draft as it was checked, and what the service says itself.
func newItem(draft object, href, source string, now time.Time) ([]byte, error) {
	given := func(name, otherwise string) []byte {
		if value := draft.get(name); !isNull(value) {
			return value
		}
		return []byte(otherwise)
	}
	self, at := string(quote(href)), string(quote(timestamp(now)))
	link := given("redirect_url", "null")
	text := object{
		{"href", []byte(self)},
		{"name", given("name", string(nameOf(link)))},
		{"private", given("private", "true")},
		{"subscribed", []byte("false")},
		{"url", given("url", self)},
		{"content_url", given("content_url", string(given("url", self)))},
		{"item_type", given("item_type", `"bookmark"`)},
		{"view_counter", []byte("0")},
		{"icon", given("icon", "null")},
		{"remote_url", given("remote_url", "null")},
		{"redirect_url", link},
		{"source", sourceOf(source)},
		{"created_at", []byte(at)},
		{"updated_at", []byte(at)},
		{"deleted_at", []byte("null")},
	}.text()
	return text, checkSize(text)
}

// nameOf is what a bookmark is called that was given no name: its URL, as far as a name goes.
func nameOf(link []byte) []byte {
	text, _ := textOf(link)
	if runes := []rune(text); len(runes) > maxName {
		text = string(runes[:maxName])
	}
	return quote(text)
}

// sourceOf is the program that made an item, as it says; null if it does not.
func sourceOf(agent string) []byte {
	agent = strings.ToValidUTF8(agent[:min(len(agent), maxSource)], "")
	if agent == "" {
		return []byte("null")
	}
	return quote(agent)
}

// timestamp is a time as items have it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

package cloudapp

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"edgestream/functions/internal/pusher"
)

// Limits of what an item can be told to be.
const (
	// maxName is in characters, maxURL and maxSource in bytes.
	maxName, maxURL, maxSource = 256, 2048, 512
	// MaxItem is how many bytes an item's JSON may have: what an event carries.
	MaxItem = pusher.MaxData
)

// types are the values of item_type.
// https://github.com/cloudapp/api/blob/master/list-items.md
var types = []string{"image", "bookmark", "text", "archive", "audio", "video", "unknown"}

// field is a member of an item that clients write.
type field struct {
	// name is the member's, label what people call it.
	name, label string
	// check says what is wrong with a value, without the label; empty: nothing.
	check func(value []byte) string
}

// fields are the members that clients write, in the order in which mistakes are told. All others are
// the service's own, and ignored in what a client sends.
var fields = []field{
	{"name", "Name", checkName},
	{"redirect_url", "URL", checkURL},
	{"private", "Private", checkFlag},
	{"item_type", "Item type", checkType},
	{"url", "Share URL", checkURL},
	{"content_url", "Content URL", checkURL},
	{"remote_url", "Remote URL", checkURL},
	{"icon", "Icon", checkURL},
}

func checkName(value []byte) string {
	name, ok := textOf(value)
	switch {
	case !ok:
		return "must be a text"
	case strings.TrimSpace(name) == "":
		return "can't be blank"
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("is too long (maximum is %d characters)", maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "can't have control characters"
	}
	return ""
}

// checkURL takes null for "none".
func checkURL(value []byte) string {
	text, ok := textOf(value)
	switch {
	case isNull(value):
		return ""
	case !ok:
		return "must be a text"
	case len(text) > maxURL:
		return fmt.Sprintf("is too long (maximum is %d bytes)", maxURL)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "must be an http or https URL"
	}
	return ""
}

func checkFlag(value []byte) string {
	if s := string(value); s != "true" && s != "false" {
		return "must be true or false"
	}
	return ""
}

func checkType(value []byte) string {
	if text, ok := textOf(value); !ok || !slices.Contains(types, text) {
		return "must be one of " + strings.Join(types, ", ")
	}
	return ""
}

// textOf is the value if it is a JSON string.
func textOf(value []byte) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	return text, json.Unmarshal(value, &text) == nil
}

// checked are the members of a draft that clients write, or what is wrong with them. Texts come out as the
// service writes them.
func checked(draft object) (object, Invalid) {
	var good object
	var wrong Invalid
	for _, f := range fields {
		value := draft.get(f.name)
		if value == nil {
			continue
		}
		if problem := f.check(value); problem != "" {
			wrong = append(wrong, f.label+" "+problem)
		} else if text, ok := textOf(value); ok {
			good = append(good, member{f.name, quote(text)})
		} else {
			good = append(good, member{f.name, value})
		}
	}
	return good, wrong
}

func checkSize(text []byte) error {
	if len(text) > MaxItem {
		return Invalid{fmt.Sprintf("Item is too large (maximum is %d bytes)", MaxItem)}
	}
	return nil
}

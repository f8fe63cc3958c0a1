package pusher

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Sign is the HMAC-SHA256 of the text with an app's secret, in lower-case hex: every signature of the
// Channels protocol. Compare signatures with Signed.
func Sign(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Signed reports whether the signature is that of the text. How long it takes says nothing of where
// they differ.
func Signed(secret, text, signature string) bool {
	return hmac.Equal([]byte(Sign(secret, text)), []byte(signature))
}

// RequestText is what a request to the HTTP API is signed with: the method, the path without the
// query, and the query without auth_signature, its keys in lower case and in order, its values not
// URL-escaped. Values of one key stay in the order in which they were sent.
//
// https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication
func RequestText(method, path string, query url.Values) string {
	type pair struct{ key, value string }
	var pairs []pair
	for _, key := range slices.Sorted(maps.Keys(query)) {
		lower := strings.ToLower(key)
		if lower == "auth_signature" {
			continue
		}
		for _, value := range query[key] {
			pairs = append(pairs, pair{lower, value})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	b := []byte(method + "\n" + path + "\n")
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.key...), '='), p.value...)
	}
	return string(b)
}

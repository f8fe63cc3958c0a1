package httpapi

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// params are a query's parameters, unescaped, by their keys in lower case.
type params url.Values

// channelsKey is the one parameter that may be repeated.
const channelsKey = "channels[]"

// parse reads a query. It may hold semicolons, as names of channels may, which net/url refuses.
func parse(query string) (params, error) {
	if len(query) > maxQuery {
		return nil, tooLarge("The query is too long: at most %d bytes", maxQuery)
	}
	p := params{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, value, err := unescapedPair(pair)
		if err != nil {
			return nil, err
		}
		if _, again := p[key]; again && key != channelsKey {
			return nil, invalid("A query parameter was sent twice")
		}
		p[key] = append(p[key], value)
	}
	return p, nil
}

// unescapedPair refuses what would be signed as something else is.
func unescapedPair(pair string) (key, value string, err error) {
	key, value, _ = strings.Cut(pair, "=")
	key, keyErr := url.QueryUnescape(key)
	value, valueErr := url.QueryUnescape(value)
	if keyErr != nil || valueErr != nil || !utf8.ValidString(key) || !utf8.ValidString(value) {
		return "", "", invalid("The query is not URL-encoded UTF-8")
	}
	if strings.ContainsAny(key, "&=") || strings.Contains(value, "&") {
		return "", "", invalid("A query parameter holds an ampersand: send it in the body")
	}
	return strings.ToLower(key), value, nil
}

// get is the parameter's value; false if it was not sent.
func (p params) get(key string) (string, bool) {
	values, ok := p[key]
	if !ok {
		return "", false
	}
	return values[0], true
}

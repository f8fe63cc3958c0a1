package sign

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Names of headers that are not in http.Header and are read from the request.
const (
	host          = "Host"
	contentLength = "Content-Length"
)

// signedHeaders appends the names of the headers to sign, in their canonical order.
func signedHeaders(names []string, r *http.Request) []string {
	names = append(names, host)
	if r.ContentLength > 0 {
		names = append(names, contentLength)
	}
	for name := range r.Header {
		if signs(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareFold)
	return names
}

func signs(name string) bool {
	switch name {
	case "Authorization", "User-Agent", "X-Amzn-Trace-Id", "Expect", "Transfer-Encoding", host, contentLength:
		return false
	}
	return true
}

func compareFold(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func appendNames(b []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			b = append(b, ';')
		}
		b = appendLower(b, name)
	}
	return b
}

func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, lower(s[i]))
	}
	return b
}

// appendCanonical appends the canonical request. The list is the names as appendNames writes them.
func appendCanonical(b []byte, r *http.Request, names []string, list []byte, body [sha256.Size]byte) []byte {
	b = append(append(b, method(r)...), '\n')
	b = append(appendPath(b, escapedPath(r)), '\n')
	b = append(append(b, query(r)...), '\n')
	for _, name := range names {
		b = append(appendLower(b, name), ':')
		b = append(appendValue(b, r, name), '\n')
	}
	b = append(append(append(b, '\n'), list...), '\n')
	return hex.AppendEncode(b, body[:])
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

func escapedPath(r *http.Request) string {
	path := r.URL.Opaque
	if path == "" {
		path = r.URL.EscapedPath()
	}
	if path == "" {
		return "/"
	}
	return path
}

// appendPath escapes a path that is escaped already once more, as every service but S3 wants it:
// "/prod/@connections/a%3D" is signed as "/prod/%40connections/a%253D".
func appendPath(b []byte, path string) []byte {
	for i := range len(path) {
		if path[i] == '/' {
			b = append(b, '/')
		} else {
			b = appendEscaped(b, path[i])
		}
	}
	return b
}

// EscapeSegment percent-encodes one segment of a path as AWS wants it: all but RFC 3986's
// unreserved characters, so also the "=" of connection ids and the ":" of ARNs, which
// url.PathEscape leaves.
func EscapeSegment(s string) string { return string(AppendSegment(make([]byte, 0, len(s)+8), s)) }

// AppendSegment appends what EscapeSegment returns.
func AppendSegment(b []byte, s string) []byte {
	for i := range len(s) {
		b = appendEscaped(b, s[i])
	}
	return b
}

func appendEscaped(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	if unreserved(c) {
		return append(b, c)
	}
	return append(b, '%', digits[c>>4], digits[c&15])
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

// query is the canonical query: sorted after each name and value has been escaped.
func query(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	var pairs []string
	for name, values := range r.URL.Query() {
		for _, value := range values {
			pairs = append(pairs, escapeQuery(name)+"="+escapeQuery(value))
		}
	}
	slices.SortFunc(pairs, comparePairs)
	return strings.Join(pairs, "&")
}

func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// comparePairs compares by name first, which is not the same as comparing the pairs as a whole:
// "a=" comes before "a%20=".
func comparePairs(a, b string) int {
	aName, aValue, _ := strings.Cut(a, "=")
	bName, bValue, _ := strings.Cut(b, "=")
	return cmp.Or(strings.Compare(aName, bName), strings.Compare(aValue, bValue))
}

func appendValue(b []byte, r *http.Request, name string) []byte {
	switch name {
	case host:
		return append(b, r.Host...)
	case contentLength:
		return strconv.AppendInt(b, r.ContentLength, 10)
	}
	for i, v := range r.Header[name] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, v)
	}
	return b
}

// hostHeader is the Host to send: without the port that the scheme implies, which servers leave
// out when they check the signature.
func hostHeader(r *http.Request) string {
	name := r.Host
	if name == "" {
		name = r.URL.Host
	}
	if r.URL.Scheme == "https" {
		return strings.TrimSuffix(name, ":443")
	}
	return strings.TrimSuffix(name, ":80")
}

// appendTrimmed appends a value without outer spaces and with inner runs of spaces as one.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " ")
	if !strings.Contains(v, "  ") {
		return append(b, v...)
	}
	for i := range len(v) {
		if v[i] != ' ' || v[i-1] != ' ' {
			b = append(b, v[i])
		}
	}
	return b
}

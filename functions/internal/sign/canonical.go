package sign

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// headers are the names of the headers to sign, in their canonical order. "Host" and
// "Content-Length" are not in http.Header and are read from the request.
type headers []string

const (
	host          = "Host"
	contentLength = "Content-Length"
)

func signedHeaders(r *http.Request) headers {
	names := make(headers, 0, 16)
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

func (h headers) writeNames(b *bytes.Buffer) {
	for i, name := range h {
		if i > 0 {
			b.WriteByte(';')
		}
		writeLower(b, name)
	}
}

func writeLower(b *bytes.Buffer, s string) {
	for i := range len(s) {
		b.WriteByte(lower(s[i]))
	}
}

func writeCanonical(b *bytes.Buffer, r *http.Request, names headers, body [sha256.Size]byte) {
	b.WriteString(method(r))
	b.WriteByte('\n')
	writePath(b, escapedPath(r))
	b.WriteByte('\n')
	b.WriteString(query(r))
	b.WriteByte('\n')
	for _, name := range names {
		writeLower(b, name)
		b.WriteByte(':')
		writeValue(b, r, name)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	names.writeNames(b)
	b.WriteByte('\n')
	writeHex(b, body[:])
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

// writePath escapes a path that is escaped already once more, as every service but S3 wants it:
// "/prod/@connections/a%3D" is signed as "/prod/%40connections/a%253D".
func writePath(b *bytes.Buffer, path string) {
	for i := range len(path) {
		if path[i] == '/' {
			b.WriteByte('/')
		} else {
			b.Write(appendEscaped(b.AvailableBuffer(), path[i]))
		}
	}
}

// EscapeSegment percent-encodes one segment of a path as AWS wants it: all but RFC 3986's
// unreserved characters, so also the "=" of connection ids and the ":" of ARNs, which
// url.PathEscape leaves.
func EscapeSegment(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		b = appendEscaped(b, s[i])
	}
	return string(b)
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

func writeValue(b *bytes.Buffer, r *http.Request, name string) {
	switch name {
	case host:
		b.WriteString(r.Host)
	case contentLength:
		b.Write(strconv.AppendInt(b.AvailableBuffer(), r.ContentLength, 10))
	default:
		for i, v := range r.Header[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			writeTrimmed(b, v)
		}
	}
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

// writeTrimmed writes a header's value without outer spaces and with inner runs of spaces as one.
func writeTrimmed(b *bytes.Buffer, v string) {
	v = strings.Trim(v, " ")
	if !strings.Contains(v, "  ") {
		b.WriteString(v)
		return
	}
	for i := range len(v) {
		if v[i] != ' ' || v[i-1] != ' ' {
			b.WriteByte(v[i])
		}
	}
}

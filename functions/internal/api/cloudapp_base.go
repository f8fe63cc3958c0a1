package api

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"strings"
)

// edgeHost is where the edge function notes which host the client has asked.
const edgeHost = "X-Edgestream-Host"

var errHost = errors.New("malformed host")

// base is the URL of the edge, without a slash at the end: what is configured, else of the host that was
// asked. An edge on AWS is asked by name, at the usual port and over TLS; any other is one that somebody
// runs for themselves, without TLS.
func (c CloudApp) base(r *http.Request) (string, error) {
	if c.EdgeURL != "" {
		return strings.TrimSuffix(c.EdgeURL, "/"), nil
	}
	host := cmp.Or(r.Header.Get(edgeHost), r.Host)
	if !isHost(host) {
		return "", errHost
	}
	name, _, err := net.SplitHostPort(host)
	hasPort := err == nil
	if name = cmp.Or(name, strings.Trim(host, "[]")); hasPort || name == "localhost" || net.ParseIP(name) != nil {
		return "http://" + host, nil
	}
	return "https://" + host, nil
}

// isHost reports whether the text can be nothing but the host of a URL.
func isHost(text string) bool {
	return text != "" && len(text) <= 255 && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("-.:[]", r)
	})
}

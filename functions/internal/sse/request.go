package sse

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

const prefix = "/api/v1/streaming/"

// errUnknownChannel: there is nothing at this path, or not with this method.
var errUnknownChannel = errors.New("unknown path or method")

// isHealth also takes HEAD, as the edge does, which answers it without the function.
func isHealth(r *http.Request) bool {
	return r.URL.EscapedPath() == prefix+"health" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// paramsOf is what a request asks for. Paths are exact, as they are sent: what is escaped is
// another path.
func paramsOf(r *http.Request) (mastodon.Params, error) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	name := streamAt(path)
	if !ok || name == "" || r.Method != http.MethodGet {
		return mastodon.Params{}, errUnknownChannel
	}
	query := r.URL.Query()
	if path == "public" || strings.HasPrefix(path, "public/") {
		if truthy(query.Get("only_media")) {
			name += ":media"
		}
	}
	return mastodon.Params{Stream: string(name), Tag: query.Get("tag"), List: query.Get("list")}, nil
}

// lastEventID is the id behind which the client goes on; empty if it has none. The header is a
// browser's and newer than the query, which stays what the page made it.
func lastEventID(r *http.Request) string {
	return cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("last_event_id"))
}

// eventIDs reports whether the client asks for an id before its first event. The values are those
// that ask for ids on a WebSocket.
func eventIDs(r *http.Request) bool {
	value := r.URL.Query().Get("event_ids")
	return value == "true" || value == "1"
}

func streamAt(path string) stream.Name {
	switch path {
	case "user":
		return stream.User
	case "user/notification":
		return stream.UserNotification
	case "direct":
		return stream.Direct
	case "public":
		return stream.Public
	case "public/local":
		return stream.PublicLocal
	case "public/remote":
		return stream.PublicRemote
	case "hashtag":
		return stream.Hashtag
	case "hashtag/local":
		return stream.HashtagLocal
	case "list":
		return stream.List
	}
	return ""
}

// truthy is how a Mastodon server reads a parameter that is true or false.
func truthy(value string) bool {
	return !slices.Contains([]string{"", "0", "f", "F", "false", "FALSE", "off", "OFF"}, value)
}

// credentials are the places of the request that can hold a token.
func credentials(r *http.Request) mastodon.Credentials {
	return mastodon.Credentials{
		Authorization: r.Header.Get("Authorization"),
		AccessToken:   r.URL.Query().Get("access_token"),
		Protocols:     strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","),
	}
}

// clientKey names who may take a handoff of the subscription: a hash, so that the row tells
// nothing of the client.
func clientKey(r *http.Request, g stream.Grant, sub stream.Subscription) string {
	hash := sha256.New()
	for _, part := range []string{g.TokenHash, sub.Key(), sub.Param, r.UserAgent(), address(r)} {
		hash.Write([]byte(url.QueryEscape(part) + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:20])
}

// address is the client's, as far as it is known: the first of X-Forwarded-For, since Lambda
// function URLs pass no other on. Nothing is allowed by it, so it need not be true, but only the same
// from one request to the next.
func address(r *http.Request) string {
	if forwarded, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); strings.TrimSpace(forwarded) != "" {
		return strings.TrimSpace(forwarded)
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed is an event of a function URL whose query is signed anew at the given time, as servers sign
// requests to the Channels HTTP API: a signature is good for ten minutes. A hash of the body stays, so that it
// can be of another one.
// https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication
func signed(event []byte, secret string, now time.Time) ([]byte, error) {
	var e object
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	raw, _ := e["rawQueryString"].(string)
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	query.Set("auth_timestamp", strconv.FormatInt(now.Unix(), 10))
	query.Set("auth_version", "1.0")
	if body, _ := e["body"].(string); body != "" && !query.Has("body_md5") {
		sum := md5.Sum([]byte(body))
		query.Set("body_md5", hex.EncodeToString(sum[:]))
	}
	query.Del("auth_signature")
	method, _ := at(e, "requestContext", "http")["method"].(string)
	path, _ := e["rawPath"].(string)
	query.Set("auth_signature", signature(secret, method, path, query))
	e["rawQueryString"] = query.Encode()
	return json.Marshal(e)
}

// signature is that of a request.
func signature(secret, method, path string, query url.Values) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[key] {
			pairs = append(pairs, key+"="+value)
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(method + "\n" + path + "\n" + strings.Join(pairs, "&")))
	return hex.EncodeToString(mac.Sum(nil))
}

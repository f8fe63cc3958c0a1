package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// management is GET, POST and DELETE of /prod/@connections/ID. What is only asked is not kept.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
func (r *recorder) management(w http.ResponseWriter, req *http.Request, key, body string) {
	id, ok := strings.CutPrefix(req.URL.EscapedPath(), "/prod/@connections/")
	id, err := url.PathUnescape(id)
	if !ok || err != nil {
		http.Error(w, `{"message":"Forbidden"}`, http.StatusForbidden)
		return
	}
	c := r.of(key)
	switch req.Method {
	case http.MethodGet:
		if c.Answers[id] == 0 {
			tell(w, c.Active[id])
			return
		}
		status(w, c.Answers[id])
	case http.MethodDelete:
		status(w, r.keepTry(key, call{To: "disconnect", Target: id}))
	default:
		code := r.keepTry(key, call{To: "post", Target: id, Body: body})
		time.Sleep(time.Duration(c.Slow[id]) * time.Second)
		status(w, code)
	}
}

// longAgo is before any test, and is when connections are quiet since.
const longAgo = "2020-01-01T00:00:00.000Z"

// tell tells of a connection as GetConnection does.
// https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api_reference/API_GetConnection.html
func tell(w http.ResponseWriter, active string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"connectedAt":%q,"identity":{"sourceIp":"203.0.113.7","userAgent":"Mozilla/5.0"},"lastActiveAt":%q}`,
		longAgo, cmp.Or(active, longAgo))
}

// status is an answer without a body.
func status(w http.ResponseWriter, code int) {
	switch code {
	case http.StatusGone:
		w.Header().Set("X-Amzn-ErrorType", "GoneException")
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("X-Amzn-ErrorType", "PayloadTooLargeException")
	case http.StatusTooManyRequests:
		w.Header().Set("X-Amzn-ErrorType", "LimitExceededException")
	}
	w.WriteHeader(code)
}

// keepTry answers the status that the case has for the connection. A call that fails is
// kept once however often it is tried again: how often depends on time.
func (r *recorder) keepTry(key string, c call) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	status, fails := r.cases[key].Answers[c.Target]
	if !fails {
		status = http.StatusOK
	}
	again := slices.ContainsFunc(r.calls[key], func(old call) bool { return old.key() == c.key() && old.Body == c.Body })
	if !fails || !again {
		r.calls[key] = append(r.calls[key], c)
	}
	return status
}

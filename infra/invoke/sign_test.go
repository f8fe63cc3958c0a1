package main

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"
)

// The documentation's example of a signed request.
const (
	documentedSecret = "7ad3773142a6692b25b8"
	documentedEvent  = `{"rawPath":"/apps/3/events","rawQueryString":"auth_key=278d425bdf160c739803&auth_signature=old",
		"requestContext":{"http":{"method":"POST"}},"body":"{\"name\":\"foo\",\"channels\":[\"project-3\"],\"data\":\"{\\\"some\\\":\\\"data\\\"}\"}"}`
)

func TestAnEventIsSignedAsDocumented(t *testing.T) {
	data, err := signed([]byte(documentedEvent), documentedSecret, time.Unix(1353088179, 0))
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ RawPath, RawQueryString, Body string }
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(event.RawQueryString)
	if err != nil || query.Get("auth_signature") != "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c" || len(query) != 5 {
		t.Errorf("%v (error %v)", query, err)
	}
	if event.RawPath != "/apps/3/events" || !json.Valid([]byte(event.Body)) {
		t.Errorf("%+v", event)
	}
}

package main

import (
	"testing"

	"edgestream/infra/local/template"
)

func TestAddressesOnAWSBecomeThoseOnThisMachine(t *testing.T) {
	s := &template.Stack{
		WebSocketAPIs: []template.WebSocketAPI{{Domain: "api.execute-api.us-east-1.amazonaws.com"}},
		FunctionURLs:  []template.FunctionURL{{LogicalID: "FUrl", Domain: "furl.lambda-url.us-east-1.on.aws"}},
		Queues:        []template.Queue{{URL: "https://sqs.us-east-1.amazonaws.com/1/Q"}},
	}
	n := newHostNames(s, "http://127.0.0.1:3001", "")
	for text, want := range map[string]string{
		"https://api.execute-api.us-east-1.amazonaws.com/prod": "http://127.0.0.1:3001/prod",
		"wss://api.execute-api.us-east-1.amazonaws.com/prod":   "ws://127.0.0.1:3001/prod",
		"https://sqs.us-east-1.amazonaws.com/1/Q":              "http://127.0.0.1:3001/1/Q",
		"https://furl.lambda-url.us-east-1.on.aws/a":           "http://127.0.0.1:3001/lambda-url/FUrl/a",
		"https://elsewhere.example/":                           "https://elsewhere.example/",
	} {
		if got := n.rewrite(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for domain, want := range map[string]string{
		"api.execute-api.us-east-1.amazonaws.com": "http://127.0.0.1:3001",
		"furl.lambda-url.us-east-1.on.aws":        "http://127.0.0.1:3001/lambda-url/FUrl",
	} {
		if got, ok := n.origin(domain); !ok || got.String() != want {
			t.Errorf("%s: %v, want %s", domain, got, want)
		}
	}
	if got, ok := n.origin("elsewhere.example"); ok {
		t.Errorf("elsewhere.example is at %v", got)
	}
	const callback = "https://api.execute-api.us-east-1.amazonaws.com/prod"
	if got := newHostNames(s, "http://127.0.0.1:3001", "http://127.0.0.1:4000").rewrite(callback); got != "http://127.0.0.1:4000/prod" {
		t.Errorf("with a proxy, functions find @connections at %s", got)
	}
}

package apigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	management "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"
)

// sdk is AWS's own client, pointed at the rig as a function would point it.
func sdk(r *rig) *management.Client {
	return management.New(management.Options{
		BaseEndpoint: aws.String("http://" + r.addr() + "/prod"), Region: "eu-west-1", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(ctxNever) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "token"}, nil
		}),
	})
}

func TestTheSDKPostsReadsAndCloses(t *testing.T) {
	r := newRig(t, testAPI(), Options{Region: "eu-west-1"})
	ws := r.dial(t, "")
	id, client := aws.String(r.onlyID(t)), sdk(r)
	largest := strings.Repeat("x", 128<<10)
	for _, message := range []string{"hello", "", "é\n", largest} {
		if _, err := client.PostToConnection(t.Context(), &management.PostToConnectionInput{ConnectionId: id, Data: []byte(message)}); err != nil {
			t.Fatal(err)
		}
		if got := read(t, ws); got != message {
			t.Errorf("%d bytes arrived as %d", len(message), len(got))
		}
	}
	info, err := client.GetConnection(t.Context(), &management.GetConnectionInput{ConnectionId: id})
	if err != nil {
		t.Fatal(err)
	}
	if *info.Identity.SourceIp != "127.0.0.1" || *info.Identity.UserAgent == "" || info.LastActiveAt.Before(*info.ConnectedAt) || time.Since(*info.ConnectedAt) > time.Minute {
		t.Errorf("connection %+v, %+v", info, info.Identity)
	}
	if _, err := client.DeleteConnection(t.Context(), &management.DeleteConnectionInput{ConnectionId: id}); err != nil {
		t.Fatal(err)
	}
	if code, _ := readClose(t, ws); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if code, reason := r.disconnected(t); code != 1000 || reason != "Connection Closed Normally" {
		t.Errorf("$disconnect was told %d %q", code, reason)
	}
	_, err = client.PostToConnection(t.Context(), &management.PostToConnectionInput{ConnectionId: id, Data: []byte("late")})
	if gone := (*types.GoneException)(nil); !errors.As(err, &gone) {
		t.Errorf("a late post: %v", err)
	}
}

func TestTheSDKMakesTypedErrors(t *testing.T) {
	r := newRig(t, testAPI(), Options{Region: "eu-west-1"})
	r.dial(t, "")
	post := func(id string, size int) error {
		_, err := sdk(r).PostToConnection(t.Context(), &management.PostToConnectionInput{ConnectionId: aws.String(id), Data: make([]byte, size)})
		return err
	}
	var (
		gone     *types.GoneException
		large    *types.PayloadTooLargeException
		untyped  smithy.APIError
		existing = r.onlyID(t)
	)
	if err := post("PJqB0fHsqRcCHlw=", 1); !errors.As(err, &gone) {
		t.Errorf("unknown id: %v", err)
	}
	if err := post(existing, 128<<10+1); !errors.As(err, &large) {
		t.Errorf("too large: %v", err)
	}
	if err := post("undefined", 1); !errors.As(err, &untyped) || untyped.ErrorCode() != "BadRequestException" {
		t.Errorf("malformed id: %v", err)
	}
}

func TestManagementRequestsAreAnsweredAsAWSDoes(t *testing.T) {
	r := newRig(t, testAPI(), Options{Region: "eu-west-1"})
	r.dial(t, "")
	path := "http://gateway/prod/@connections/" + strings.ReplaceAll(r.onlyID(t), "=", "%3D")
	const good = "Credential=AK/20260102/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature="
	hex := strings.Repeat("0a", 32)
	auth := func(value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set("Authorization", value) }
	}
	tests := []struct {
		name, method, url string
		spoil             func(*http.Request)
		want              int
		kind              string
	}{
		{"a good post", "POST", path, nil, 200, ""},
		{"an escaped @", "POST", strings.Replace(path, "@", "%40", 1), nil, 200, ""},
		{"a good GET", "GET", path, nil, 200, ""},
		{"a method that is none", "PUT", path, nil, 403, "MissingAuthenticationTokenException"},
		{"another stage", "POST", strings.Replace(path, "prod", "dev", 1), nil, 403, "ForbiddenException"},
		{"no stage", "POST", strings.Replace(path, "/prod", "", 1), nil, 403, "ForbiddenException"},
		{"no id", "POST", "http://gateway/prod/@connections", nil, 403, "ForbiddenException"},
		{"an empty id", "POST", "http://gateway/prod/@connections/", nil, 400, "BadRequestException"},
		{"more after the id", "POST", path + "/x", nil, 400, "BadRequestException"},
		{"an id escaped twice", "POST", strings.Replace(path, "%3D", "%253D", 1), nil, 400, "BadRequestException"},
		{"unsigned", "POST", path, func(q *http.Request) { q.Header.Del("Authorization") }, 403, "MissingAuthenticationTokenException"},
		{"a bearer token", "POST", path, auth("Bearer x"), 403, "IncompleteSignatureException"},
		{"no credential", "POST", path, auth("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=" + hex), 403, "IncompleteSignatureException"},
		{"no signed headers", "POST", path, auth("AWS4-HMAC-SHA256 Credential=AK/20260102/eu-west-1/execute-api/aws4_request, Signature=" + hex), 403, "IncompleteSignatureException"},
		{"no signature", "POST", path, auth("AWS4-HMAC-SHA256 " + good), 403, "IncompleteSignatureException"},
		{"no date", "POST", path, func(q *http.Request) { q.Header.Del("X-Amz-Date") }, 403, "IncompleteSignatureException"},
		{"a date of another form", "POST", path, func(q *http.Request) { q.Header.Set("X-Amz-Date", "2026-01-02") }, 403, "IncompleteSignatureException"},
		{"host not signed", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "host;", "", 1) + hex), 403, "IncompleteSignatureException"},
		{"another service", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "execute-api", "dynamodb", 1) + hex), 403, "InvalidSignatureException"},
		{"another region", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "eu-west-1", "us-east-1", 1) + hex), 403, "InvalidSignatureException"},
		{"another day", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "20260102", "20260103", 1) + hex), 403, "InvalidSignatureException"},
		{"another terminator", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "aws4_request", "aws5", 1) + hex), 403, "InvalidSignatureException"},
		{"half a scope", "POST", path, auth("AWS4-HMAC-SHA256 " + strings.Replace(good, "/execute-api/aws4_request", "", 1) + hex), 403, "InvalidSignatureException"},
		{"a short signature", "POST", path, auth("AWS4-HMAC-SHA256 " + good + "0a"), 403, "InvalidSignatureException"},
		{"a signature that is no hex", "POST", path, auth("AWS4-HMAC-SHA256 " + good + strings.Repeat("zz", 32)), 403, "InvalidSignatureException"},
		{"a good DELETE", "DELETE", path, nil, 204, ""},
		{"a DELETE again", "DELETE", path, nil, 410, "GoneException"},
		{"a GET afterwards", "GET", path, nil, 410, "GoneException"},
		{"a post afterwards", "POST", path, nil, 410, "GoneException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, w := signed(tt.method, tt.url, "x"), httptest.NewRecorder()
			if tt.spoil != nil {
				tt.spoil(q)
			}
			r.ServeHTTP(w, q)
			if w.Code != tt.want || w.Header().Get("X-Amzn-ErrorType") != tt.kind || w.Header().Get("X-Amzn-RequestId") == "" {
				t.Fatalf("%d %q %s, want %d %q", w.Code, w.Header().Get("X-Amzn-ErrorType"), w.Body, tt.want, tt.kind)
			}
			var body struct{ Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); tt.kind != "" && (err != nil || body.Message == "") {
				t.Errorf("body %s: %v", w.Body, err)
			}
		})
	}
}

func TestABodyWithoutALengthIsStillLimited(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	r.dial(t, "")
	q := signed("POST", "http://gateway/prod/@connections/"+r.onlyID(t), strings.Repeat("x", 128<<10+1))
	q.ContentLength = -1
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d, want 413", w.Code)
	}
}

func TestPostsThatAreNoTextArriveAsText(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	ws := r.dial(t, "")
	r.call("POST", r.onlyID(t), "a\xff\xfeb")
	if got := read(t, ws); got != "a\uFFFDb" {
		t.Errorf("got %q", got)
	}
}

func TestPostsArriveInTheOrderInWhichTheyWereAccepted(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	ws := r.dial(t, "")
	id := r.onlyID(t)
	const posts = 2000
	go func() {
		for i := range posts {
			if w := r.call("POST", id, fmt.Sprint(i)); w.Code != 200 {
				t.Errorf("post %d: %d", i, w.Code)
			}
		}
	}()
	for i := range posts {
		if got := read(t, ws); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, got)
		}
	}
	eventually(t, "all are counted", func() bool { return r.Stats().Posts == posts })
}

func TestAClientThatDoesNotReadGetsABoundedBufferAnd429(t *testing.T) {
	r := newRig(t, testAPI(), Options{SendBuffer: 256 << 10, CloseGrace: 50 * time.Millisecond})
	socket := dialRaw(t, r, "")
	socket.response(t)
	id, message := r.onlyID(t), strings.Repeat("x", 64<<10)
	code, accepted := 200, 0
	for ; code == 200 && accepted < 10_000; accepted++ {
		w := r.call("POST", id, message)
		if code = w.Code; code != 200 && w.Header().Get("X-Amzn-ErrorType") != "LimitExceededException" {
			t.Fatalf("%d %s", code, w.Body)
		}
	}
	if code != 429 {
		t.Fatalf("%d posts accepted for a client that does not read, the last %d", accepted, code)
	}
	if waiting := r.List()[0].Waiting; waiting > 384<<10 {
		t.Errorf("%d bytes wait", waiting)
	}
	other := r.dial(t, "")
	otherID := r.List()[1].ID
	if w := r.call("POST", otherID, "unhindered"); w.Code != 200 || read(t, other) != "unhindered" {
		t.Errorf("another client's post: %d", w.Code)
	}
	for range accepted - 1 { // what was accepted arrives once the client reads
		for received := 0; received < len(message); {
			_, payload := socket.frame(t)
			received += len(payload)
		}
	}
	_ = other.Close(websocket.StatusNormalClosure, "")
}

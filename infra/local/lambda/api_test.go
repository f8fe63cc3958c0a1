package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const signed = "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/lambda/aws4_request, " +
	"SignedHeaders=content-type;host;x-amz-date, Signature=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// post sends an Invoke request with extra headers ("Key: value"); "Key:" removes one.
func post(t *testing.T, s *Service, path string, body []byte, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Authorization", signed)
	r.Header.Set("X-Amz-Date", "20260102T030405Z")
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ":")
		if r.Header.Set(key, strings.TrimSpace(value)); value == "" {
			r.Header.Del(key)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

const probePath = "/2015-03-31/functions/probe/invocations"

func TestTheInvokeAPIAnswersAsLambdas(t *testing.T) {
	s := start(t, Options{AccountID: "210987654321"}, probe(), probe(func(f *Function) { f.Name = "off"; f.ReservedConcurrency = new(0) }))
	echo := order{Do: "echo"}.json()
	arn := "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A210987654321%3Afunction%3A"
	tests := []struct {
		name    string
		path    string
		body    []byte
		headers []string
		status  int
		kind    string
	}{
		{"by name", probePath, echo, nil, 200, ""},
		{"by ARN", arn + "probe/invocations", echo, nil, 200, ""},
		{"by ARN and qualifier", arn + "probe%3A$LATEST/invocations", echo, nil, 200, ""},
		{"by partial ARN", "/2015-03-31/functions/210987654321:function:probe/invocations", echo, nil, 200, ""},
		{"with a qualifier", probePath + "?Qualifier=$LATEST", echo, nil, 200, ""},
		{"asynchronously", probePath, echo, []string{"X-Amz-Invocation-Type: Event"}, 202, ""},
		{"dry", probePath, nil, []string{"X-Amz-Invocation-Type: DryRun"}, 204, ""},
		{"no such type", probePath, echo, []string{"X-Amz-Invocation-Type: Later"}, 400, "InvalidParameterValueException"},
		{"no such function", "/2015-03-31/functions/nobody/invocations", echo, nil, 404, "ResourceNotFoundException"},
		{"no such function, asynchronously", "/2015-03-31/functions/nobody/invocations", echo, []string{"X-Amz-Invocation-Type: Event"}, 404, "ResourceNotFoundException"},
		{"another account's", "/2015-03-31/functions/123456789012:function:probe/invocations", echo, nil, 404, "ResourceNotFoundException"},
		{"no such version", probePath + "?Qualifier=7", echo, nil, 404, "ResourceNotFoundException"},
		{"no such operation", "/2015-03-31/functions/probe/code", echo, nil, 404, "UnknownOperationException"},
		{"throttled", "/2015-03-31/functions/off/invocations", echo, nil, 429, "TooManyRequestsException"},
		{"throttled but asynchronous", "/2015-03-31/functions/off/invocations", echo, []string{"X-Amz-Invocation-Type: Event"}, 202, ""},
		{"no JSON", probePath, []byte("{"), nil, 400, "InvalidRequestContentException"},
		{"no text", probePath, []byte{0xff}, []string{"X-Amz-Invocation-Type: Event"}, 400, "InvalidRequestContentException"},
		{"over 6 MB", probePath, jsonOfSize(MaxSyncPayload + 1), nil, 413, "RequestTooLargeException"},
		{"over 1 MB, asynchronously", probePath, jsonOfSize(MaxAsyncPayload + 1), []string{"X-Amz-Invocation-Type: Event"}, 413, "RequestTooLargeException"},
		{"unsigned", probePath, echo, []string{"Authorization:"}, 403, "MissingAuthenticationTokenException"},
		{"signed otherwise", probePath, echo, []string{"Authorization: Bearer x"}, 403, "IncompleteSignatureException"},
		{"signed for another service", probePath, echo, []string{"Authorization: " + strings.Replace(signed, "lambda", "sqs", 1)}, 403, "IncompleteSignatureException"},
		{"signed without a date", probePath, echo, []string{"X-Amz-Date:"}, 403, "IncompleteSignatureException"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, s, test.path, test.body, test.headers...)
			body, _ := io.ReadAll(r.Body)
			if r.StatusCode != test.status || r.Header.Get("X-Amzn-ErrorType") != test.kind {
				t.Errorf("%d %s: %s", r.StatusCode, r.Header.Get("X-Amzn-ErrorType"), body)
			}
			if test.kind != "UnknownOperationException" && len(r.Header.Get("X-Amzn-RequestId")) != 36 {
				t.Error("no request id")
			}
			if test.kind != "" && !json.Valid(body) {
				t.Errorf("body = %s", body)
			}
		})
	}
}

func jsonOfSize(n int) []byte {
	return []byte(`"` + strings.Repeat("x", n-2) + `"`)
}

func TestTheLargestRequestIsTaken(t *testing.T) {
	s := start(t, Options{}, probe())
	r := post(t, s, probePath, jsonOfSize(MaxSyncPayload))
	if r.StatusCode != 200 || r.Header.Get("X-Amz-Function-Error") != "Unhandled" { // a string is no order
		t.Error(r.StatusCode, r.Header)
	}
}

func TestAFunctionsErrorIsAHeader(t *testing.T) {
	s := start(t, Options{}, probe())
	r := post(t, s, probePath, order{Do: "error", Text: "no"}.json())
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != 200 || r.Header.Get("X-Amz-Function-Error") != "Unhandled" || string(body) != `{"errorMessage":"no","errorType":"errorString"}` {
		t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
	}
}

func TestTheTailOfTheLogIsAHeader(t *testing.T) {
	s := start(t, Options{}, probe())
	r := post(t, s, probePath, order{Do: "log", Text: "x"}.json(), "X-Amz-Log-Type: Tail")
	log, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Amz-Log-Result"))
	if err != nil {
		t.Fatal(err)
	}
	id := r.Header.Get("X-Amzn-RequestId")
	want := "START RequestId: " + id + " Version: $LATEST\nto stdout: x\nto stderr: x\nEND RequestId: " + id + "\nREPORT RequestId: " + id + "\t"
	if !strings.HasPrefix(string(log), want) || !strings.Contains(string(log), "Init Duration: ") {
		t.Errorf("log = %s", log)
	}
	if post(t, s, probePath, order{Do: "echo"}.json()).Header.Get("X-Amz-Log-Result") != "" {
		t.Error("a log nobody asked for")
	}
}

func TestAFunctionThatIsNotBuiltIsPending(t *testing.T) {
	s, err := New(Options{CacheDir: t.TempDir()}, []Function{probe()})
	if err != nil {
		t.Fatal(err)
	}
	if r := post(t, s, probePath, nil); r.StatusCode != 409 || r.Header.Get("X-Amzn-ErrorType") != "ResourceConflictException" {
		t.Error(r.StatusCode, r.Header)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := post(t, s, probePath, nil); r.StatusCode != 500 || r.Header.Get("X-Amzn-ErrorType") != "ServiceException" {
		t.Error(r.StatusCode, r.Header)
	}
}

func TestTheClientContextReachesTheFunction(t *testing.T) {
	s := start(t, Options{}, probe(func(f *Function) { f.Timeout = 20 * time.Second }))
	context := base64.StdEncoding.EncodeToString([]byte(`{"custom":{"k":"v"}}`))
	r := post(t, s, probePath, order{Do: "client context"}.json(), "X-Amz-Client-Context: "+context)
	var got reply
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil || got.Text != "v" {
		t.Errorf("%+v, %v", got, err)
	}
}

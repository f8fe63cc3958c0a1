package functionurl

import (
	"errors"
	"slices"
	"testing"

	"edgestream/infra/local/lambda"
)

func TestAnAnswerBecomesAResponse(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		kind, body   string
	}{
		{"with a status", `{"statusCode":201,"headers":{"Content-Type":"text/plain"},"body":"x"}`, 201, "text/plain", "x"},
		{"in base64", `{"statusCode":200,"body":"AP8=","isBase64Encoded":true}`, 200, "application/json", "\x00\xff"},
		{"with a status alone", `{"statusCode":204}`, 204, "application/json", ""},
		{"an object without a status", `{"message": "hi"}`, 200, "application/json", `{"message": "hi"}`},
		{"a string", `"Hello, world!"`, 200, "application/json", `"Hello, world!"`},
		{"a list", `[1]`, 200, "application/json", `[1]`},
		{"null", `null`, 200, "application/json", `null`},
		{"a status of another type", `{"statusCode":"200"}`, 502, "application/json", "Internal Server Error"},
		{"a status out of range", `{"statusCode":0}`, 502, "application/json", "Internal Server Error"},
		{"a body of another type", `{"statusCode":200,"body":{"a":1}}`, 502, "application/json", "Internal Server Error"},
		{"a header of another type", `{"statusCode":200,"headers":{"a":[1]}}`, 502, "application/json", "Internal Server Error"},
		{"no base64", `{"statusCode":200,"body":"!","isBase64Encoded":true}`, 502, "application/json", "Internal Server Error"},
		{"no JSON", `hello`, 502, "application/json", "Internal Server Error"},
		{"nothing", ``, 502, "application/json", "Internal Server Error"},
	} {
		f := newFake()
		f.result = lambda.Result{Payload: []byte(c.answer), RequestID: "id"}
		res, body := ask(newHandler(f, URL{}), "GET", "/", "")
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.kind || body != c.body || res.Header.Get("X-Amzn-Requestid") != "id" {
			t.Errorf("%s: %d %v %q", c.name, res.StatusCode, res.Header, body)
		}
	}
}

func TestHeadersAndCookiesAreTheFunctions(t *testing.T) {
	f := newFake()
	f.result.Payload = []byte(`{"statusCode":200,"headers":{"x-n":5,"x-b":true,"Content-Length":"9","date":"x"},"cookies":["a=1","b=2"],"body":""}`)
	res, _ := ask(newHandler(f, URL{}), "GET", "/", "")
	for name, want := range map[string]string{"X-N": "5", "X-B": "true", "X-Amzn-Remapped-Content-Length": "9", "X-Amzn-Remapped-Date": "x", "Content-Length": ""} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := res.Header.Values("Set-Cookie"); !slices.Equal(got, []string{"a=1", "b=2"}) {
		t.Errorf("cookies %v", got)
	}
}

func TestAFunctionThatCannotAnswerIsAnError(t *testing.T) {
	for _, c := range []struct {
		name   string
		result lambda.Result
		err    error
		status int
	}{
		{"it failed", lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"no"}`)}, nil, 502},
		{"it is throttled", lambda.Result{}, lambda.ErrThrottled, 429},
		{"it cannot be run", lambda.Result{}, errors.New("x"), 502},
	} {
		for _, mode := range []string{Buffered, ResponseStream} {
			f := newFake()
			f.result, f.err = c.result, c.err
			if c.err == nil && mode == ResponseStream {
				f.err = &lambda.FunctionError{Payload: c.result.Payload}
			}
			if res, body := ask(newHandler(f, URL{InvokeMode: mode}), "GET", "/", ""); res.StatusCode != c.status {
				t.Errorf("%s, %s: %d %s", c.name, mode, res.StatusCode, body)
			}
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	for _, seed := range []string{`{"statusCode":200}`, `"x"`, `{"statusCode":null}`, `{"statusCode":200,"headers":{"a":null}}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := parseResponse(answer)
		if err == nil && (got.status < 100 || got.status > 599) || err != nil && !errors.Is(err, errResponse) {
			t.Errorf("%q: %+v, %v", answer, got, err)
		}
	})
}

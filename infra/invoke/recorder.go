package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// recorder passes DynamoDB's requests on to DynamoDB Local. It answers as API Gateway's management
// API, Lambda's Invoke API and SQS do, as far as a function that calls them can tell, and keeps
// what they were told to do.
type recorder struct {
	listener net.Listener
	server   *http.Server

	mu    sync.Mutex
	calls map[string][]call
	cases map[string]testCase
	// used is what each key did, as [permission] names it.
	used map[string]map[string]bool
	// dynamodb is where DynamoDB's requests are passed on to.
	dynamodb *httputil.ReverseProxy
}

func startRecorder(dynamodb *url.URL) (*recorder, error) {
	// Every interface, since a container comes in from Docker's bridge.
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return nil, err
	}
	r := &recorder{listener: listener, calls: map[string][]call{}, cases: map[string]testCase{}, used: map[string]map[string]bool{},
		dynamodb: &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(dynamodb) }}}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

func (r *recorder) close() { _ = r.server.Close() }

func (r *recorder) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// expect says which case signs with key.
func (r *recorder) expect(key string, c testCase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cases[key], r.calls[key], r.used[key] = c, nil, map[string]bool{}
}

// take is what was called with key, and what permissions that needed.
func (r *recorder) take(key string) ([]call, map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[key], r.used[key]
}

func (r *recorder) use(key, permission string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[key][permission] = true
}

// credential is the form of SigV4, which is all that can be checked without the secret.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/\d{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$`)

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, receivers) {
		r.receive(w, req)
		return
	}
	if req.Method == http.MethodGet && req.Header.Get("Authorization") == "" {
		return // a function that warms its connections
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	signed := credential.FindStringSubmatch(req.Header.Get("Authorization"))
	if signed == nil || req.Header.Get("X-Amz-Date") == "" || !strings.Contains(signed[3], "host") {
		http.Error(w, `{"message":"Missing Authentication Token"}`, http.StatusForbidden)
		return
	}
	key, service := signed[1], signed[2]
	switch service {
	case "dynamodb":
		r.database(w, req, key, body)
	case "execute-api":
		r.use(key, "execute-api:ManageConnections "+req.Method)
		r.management(w, req, key, string(body))
	case "lambda":
		function := name(strings.TrimSuffix(req.URL.Path, "/invocations"))
		r.use(key, "lambda:InvokeFunction "+function)
		r.keep(key, call{To: "invoke", Target: function, Body: decoded(body)})
		w.WriteHeader(cmp.Or(r.of(key).Answers[function], http.StatusAccepted))
	case "sqs":
		r.queue(w, key, req.Header.Get("X-Amz-Target"), body)
	default:
		http.Error(w, "unknown service "+service, http.StatusBadRequest)
	}
}

// database passes a request on as it came: DynamoDB Local reads the access key from it.
func (r *recorder) database(w http.ResponseWriter, req *http.Request, key string, body []byte) {
	_, operation, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	var input struct {
		TableName    string
		IndexName    string
		RequestItems map[string]json.RawMessage
	}
	_ = json.Unmarshal(body, &input) // what it cannot read, DynamoDB refuses
	for table := range input.RequestItems {
		r.use(key, "dynamodb:"+operation+" "+table)
	}
	switch {
	case input.IndexName != "":
		r.use(key, "dynamodb:"+operation+" "+input.TableName+"/index/"+input.IndexName)
	case input.TableName != "":
		r.use(key, "dynamodb:"+operation+" "+input.TableName)
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.dynamodb.ServeHTTP(w, req)
}

func (r *recorder) keep(key string, c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[key] = append(r.calls[key], c)
}

// of is the case that signs with key.
func (r *recorder) of(key string) testCase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cases[key]
}

// name is what stands after the last slash.
func name(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// decoded is JSON as a value, and anything else as text.
func decoded(body []byte) any {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return string(body)
	}
	return value
}

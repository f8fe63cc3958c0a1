package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// recorder passes DynamoDB's requests on to DynamoDB Local. It answers as API Gateway's management API, Lambda's Invoke API and SQS do, as
// far as a function that calls them can tell, and keeps what it was asked.
type recorder struct {
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	calls   map[string][]call
	answers map[string]map[string]int
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
	r := &recorder{listener: listener, calls: map[string][]call{}, answers: map[string]map[string]int{}, used: map[string]map[string]bool{},
		dynamodb: &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(dynamodb) }}}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

func (r *recorder) close() { _ = r.server.Close() }

func (r *recorder) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// expect says how connections and functions answer a case that signs with key.
func (r *recorder) expect(key string, answers map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[key], r.calls[key], r.used[key] = answers, nil, map[string]bool{}
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
	if req.Method == http.MethodGet {
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
		r.manage(w, req, key, string(body))
	case "lambda":
		function := name(strings.TrimSuffix(req.URL.Path, "/invocations"))
		r.use(key, "lambda:InvokeFunction "+function)
		r.keep(key, call{"invoke", function, decoded(body)})
		w.WriteHeader(cmp.Or(r.answer(key, function), http.StatusAccepted))
	case "sqs":
		r.send(w, key, body)
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

// answer is the status that the case has for a target, or 0.
func (r *recorder) answer(key, target string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answers[key][target]
}

// keepTry answers the status that the case has for the connection. A call that fails is
// kept once however often it is tried again: how often depends on time.
func (r *recorder) keepTry(key string, c call) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	status, fails := r.answers[key][c.Target]
	if !fails {
		status = http.StatusOK
	}
	again := slices.ContainsFunc(r.calls[key], func(old call) bool { return old.key() == c.key() && old.Body == c.Body })
	if !fails || !again {
		r.calls[key] = append(r.calls[key], c)
	}
	return status
}

// manage is POST and DELETE of /prod/@connections/ID.
func (r *recorder) manage(w http.ResponseWriter, req *http.Request, key, body string) {
	id, ok := strings.CutPrefix(req.URL.EscapedPath(), "/prod/@connections/")
	id, err := url.PathUnescape(id)
	if !ok || err != nil {
		http.Error(w, `{"message":"Forbidden"}`, http.StatusForbidden)
		return
	}
	c := call{To: "post", Target: id, Body: body}
	if req.Method == http.MethodDelete {
		c = call{To: "disconnect", Target: id}
	}
	status := r.keepTry(key, c)
	switch status {
	case http.StatusGone:
		w.Header().Set("X-Amzn-ErrorType", "GoneException")
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("X-Amzn-ErrorType", "PayloadTooLargeException")
	case http.StatusTooManyRequests:
		w.Header().Set("X-Amzn-ErrorType", "LimitExceededException")
	}
	w.WriteHeader(status)
}

func (r *recorder) send(w http.ResponseWriter, key string, body []byte) {
	var message struct{ QueueURL, MessageBody string }
	if err := json.Unmarshal(body, &message); err != nil {
		http.Error(w, `{"__type":"com.amazonaws.sqs#InvalidMessageContents"}`, http.StatusBadRequest)
		return
	}
	r.use(key, "sqs:SendMessage "+name(message.QueueURL))
	r.keep(key, call{"send", name(message.QueueURL), decoded([]byte(message.MessageBody))})
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fmt.Fprint(w, `{"MessageId":"00000000-0000-0000-0000-000000000000"}`)
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

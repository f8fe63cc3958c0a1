package dynamodb

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// maxBody is the largest request that DynamoDB takes.
const maxBody = 16 << 20

const contentType = "application/x-amz-json-1.0"

// Prefixes of X-Amz-Target, one per API.
const (
	tableAPI  = "DynamoDB_20120810."
	streamAPI = "DynamoDBStreams_20120810."
)

// ServeHTTP answers one call of the DynamoDB or DynamoDB Streams API. The
// signature must have the form of SigV4, but is not verified: there are no
// secrets here to protect. A GET is answered as a health check.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.Header.Get("X-Amz-Target") == "" {
		fmt.Fprintf(w, "healthy: dynamodb.%s.amazonaws.com \n", e.opts.Region)
		return
	}
	result, err := e.serve(r)
	if err != nil {
		known := toAPIError(err)
		respond(w, known.status, known.body())
		return
	}
	respond(w, http.StatusOK, result)
}

func (e *Engine) serve(r *http.Request) (object, error) {
	if err := checkSignature(r); err != nil {
		return nil, err
	}
	operation, err := lookUp(r.Header.Get("X-Amz-Target"))
	if err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	return operation(e, body)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, errTooLarge()
	}
	body := make([]byte, 0, max(r.ContentLength+1, 512))
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody:
			return nil, errTooLarge()
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, malformed("The request body could not be read")
		case len(body) == cap(body):
			body = append(body, 0)[:len(body)]
		}
	}
}

func errTooLarge() error {
	return &apiError{http.StatusRequestEntityTooLarge, coralErrors + "RequestEntityTooLargeException", "Request body is larger than 16 MB", nil}
}

func lookUp(target string) (operation, error) {
	if op, ok := operations[target]; ok {
		return op, nil
	}
	return nil, &apiError{http.StatusBadRequest, coralErrors + "UnknownOperationException",
		fmt.Sprintf("The operation %q is not supported here", target), nil}
}

// checkSignature wants an Authorization header in SigV4's form.
func checkSignature(r *http.Request) error {
	header := r.Header.Get("Authorization")
	if header == "" {
		return &apiError{http.StatusBadRequest, coralErrors + "MissingAuthenticationTokenException", "Request is missing Authentication Token", nil}
	}
	for _, part := range [...]string{"AWS4-HMAC-SHA256 ", "Credential=", "SignedHeaders=", "Signature="} {
		if !strings.Contains(header, part) {
			return &apiError{http.StatusBadRequest, coralErrors + "IncompleteSignatureException",
				fmt.Sprintf("Authorization header requires %q", strings.TrimSpace(part)), nil}
		}
	}
	return nil
}

// buffers are what responses are written in; a page is large, and growing a
// new buffer to its size costs more than filling it.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled is the largest buffer that is kept.
const maxPooled = 1 << 20

func respond(w http.ResponseWriter, status int, body object) {
	buffer := buffers.Get().(*[]byte)
	data := body.appendJSON((*buffer)[:0])
	if *buffer = data; cap(data) <= maxPooled {
		defer buffers.Put(buffer)
	}
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(data))}
	h["X-Amz-Crc32"] = []string{strconv.FormatUint(uint64(crc32.ChecksumIEEE(data)), 10)}
	h["X-Amzn-Requestid"] = []string{rand.Text()}
	w.WriteHeader(status)
	w.Write(data) // a client that has gone away needs no answer
}

// operation answers one call with the body of the response.
type operation func(e *Engine, body []byte) (object, error)

// on makes an operation of a method that takes the decoded request.
func on[T any](method func(*Engine, *T) (object, error)) operation {
	return func(e *Engine, body []byte) (object, error) {
		var in T
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		return method(e, &in)
	}
}

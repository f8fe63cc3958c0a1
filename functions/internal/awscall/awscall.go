// Package awscall calls AWS services over HTTP: one signed POST, with bounded retries.
//
// The SDK's service clients would do the same, but linking that of DynamoDB alone makes a
// function start 1.4 times as slowly as an empty one (package initialisation), and each call
// costs three times the CPU. What the functions need of DynamoDB, SQS and Lambda is a dozen
// operations, whose JSON the adapters write and read themselves.
//
// Guarantees: an answer is read whole or the call fails; bodies are bounded; a call is tried at
// most four times (or once: Once), again only after a network failure, a 429, a 5xx or a throttling error, with
// full jitter between the tries, and never past the context's deadline. So a caller must send
// only what may be repeated.
package awscall

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/sign"
)

const (
	attempts    = 4
	tryFor      = 6 * time.Second
	maxResponse = 64 << 20
)

// Client calls one service at one endpoint. It is safe for concurrent use.
type Client struct {
	service  string
	endpoint *url.URL
	broken   error
	http     aws.HTTPClient
	signer   *sign.Signer
	backoff  time.Duration
	tries    int
}

// Request is one call.
type Request struct {
	// Path is the escaped path below the endpoint; empty means "/".
	Path string
	// Header is sent as it is; its keys are in canonical form.
	Header http.Header
	Body   []byte
}

// New makes a client of the service (its name for signing, such as "dynamodb") at the endpoint,
// such as "https://dynamodb.eu-west-1.amazonaws.com". A malformed endpoint fails every call.
func New(cfg aws.Config, service, endpoint string) *Client {
	u, err := url.Parse(endpoint)
	if err == nil && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		err = fmt.Errorf("%q is not an http or https URL", endpoint)
	}
	return &Client{
		service: service, endpoint: u, broken: err, http: cfg.HTTPClient,
		signer: sign.New(cfg.Region, service, cfg.Credentials), backoff: 50 * time.Millisecond, tries: attempts,
	}
}

// Once is the client for calls that must not be tried again, or are by who calls.
func (c *Client) Once() *Client {
	once := *c
	once.tries = 1
	return &once
}

// Do sends the request until it is answered, and returns the body of a 2xx answer. Any other
// answer is an *Error.
func (c *Client) Do(ctx context.Context, q Request) ([]byte, error) {
	if c.broken != nil {
		return nil, fmt.Errorf("%s endpoint: %w", c.service, c.broken)
	}
	for try := 1; ; try++ {
		body, err := c.once(ctx, q)
		if err == nil || try == c.tries || !retryable(ctx, err) {
			return body, err
		}
		if wait(ctx, rand.N(c.backoff<<try)) != nil {
			return nil, err
		}
	}
}

func (c *Client) once(ctx context.Context, q Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	r := c.request(ctx, q)
	if err := c.signer.Sign(r, q.Body, time.Now()); err != nil {
		return nil, err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, &Error{Service: c.service, cause: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	switch {
	case err != nil:
		return nil, &Error{Service: c.service, cause: err}
	case len(body) > maxResponse:
		return nil, &Error{Service: c.service, cause: fmt.Errorf("answer is over %d bytes", maxResponse)}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, newError(c.service, res, body)
	}
	return body, nil
}

func (c *Client) request(ctx context.Context, q Request) *http.Request {
	u := *c.endpoint
	u.Opaque = strings.TrimSuffix(u.EscapedPath(), "/") + q.Path
	if u.Opaque == "" {
		u.Opaque = "/"
	}
	r := &http.Request{
		Method: http.MethodPost, URL: &u, Host: u.Host, Header: q.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(q.Body)), ContentLength: int64(len(q.Body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(q.Body)), nil },
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return r.WithContext(ctx)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

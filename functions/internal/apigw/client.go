// Package apigw posts frames to WebSocket connections through API Gateway's management API,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html.
//
// A publisher spends its life here, so a post is one signed request straight to the transport:
// the SDK's client rebuilds its middleware for each call and costs three times the CPU. The
// requests are the same, byte for byte, and a contract test compares the two.
//
// Nothing is tried twice: whether a frame may be repeated, and when, is the publisher's decision.
package apigw

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/sign"
	"edgestream/functions/internal/stream"
)

// MaxFrame is the largest frame that API Gateway accepts, in bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
const MaxFrame = 128 << 10

// Client posts to the connections of one stage. It is safe for concurrent use.
type Client struct {
	base *url.URL
	// model is what all requests have in common.
	model http.Request
	// prefix is the escaped path before the connection id: "/prod/@connections/".
	prefix    string
	broken    error
	http      aws.HTTPClient
	signer    *sign.Signer
	deadlines deadlines
}

// NewClient makes a Client of the stage with this callback URL, for example
// "https://abc.execute-api.eu-west-1.amazonaws.com/prod". A malformed URL fails every call.
func NewClient(callbackURL string, cfg aws.Config) *Client {
	c := &Client{http: cfg.HTTPClient, signer: sign.New(cfg.Region, "execute-api", cfg.Credentials)}
	u, err := url.Parse(callbackURL)
	if err == nil && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		err = fmt.Errorf("%q is not an http or https URL", callbackURL)
	}
	if err != nil {
		c.broken = fmt.Errorf("%w: callback URL: %w", ErrRefused, err)
		return c
	}
	c.base = u
	c.model = http.Request{Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	c.prefix = strings.TrimSuffix(u.EscapedPath(), "/") + "/@connections/"
	return c
}

// Post sends one text frame to a connection. It returns nil once API Gateway has accepted the
// frame, else an error that wraps stream.ErrGone, stream.ErrTooLarge, stream.ErrThrottled,
// stream.ErrUnavailable or ErrRefused. The frame must not change until Post returns.
func (c *Client) Post(ctx context.Context, connectionID string, frame []byte) error {
	if len(frame) > MaxFrame {
		return fmt.Errorf("%w: %d bytes, at most %d", stream.ErrTooLarge, len(frame), MaxFrame)
	}
	return c.do(ctx, http.MethodPost, connectionID, frame)
}

// Disconnect closes a connection. A connection that is gone already is stream.ErrGone; other
// errors are as for Post.
func (c *Client) Disconnect(ctx context.Context, connectionID string) error {
	return c.do(ctx, http.MethodDelete, connectionID, nil)
}

func (c *Client) do(ctx context.Context, method, connectionID string, frame []byte) error {
	return c.send(ctx, method, connectionID, frame, accepted)
}

// send hands the answer, whatever its status, to read, and returns what that returns. All of it takes
// six seconds at the most.
func (c *Client) send(ctx context.Context, method, connectionID string, frame []byte, read func(*http.Response) error) error {
	if c.broken != nil {
		return c.broken
	}
	now := time.Now()
	deadline := c.deadlines.begin(ctx, now)
	defer c.deadlines.end(deadline)
	r := c.request(deadline.ctx, method, connectionID, frame)
	if err := c.signer.Sign(r, frame, now); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
	}
	defer res.Body.Close()
	return read(res)
}

// request puts the path, escaped, into URL.Opaque: net/http would otherwise unescape and compare
// it each time.
func (c *Client) request(ctx context.Context, method, connectionID string, frame []byte) *http.Request {
	r := c.model.WithContext(ctx) // a copy
	r.Method = method
	var space [128]byte
	path := sign.AppendSegment(append(space[:0], c.prefix...), connectionID)
	r.URL = &url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Opaque: string(path)}
	r.Header = make(http.Header, 4)
	if len(frame) > 0 {
		r.Header["Content-Type"] = octetStream
		r.ContentLength = int64(len(frame))
		r.Body = newBody(frame)
		r.GetBody = func() (io.ReadCloser, error) { return newBody(frame), nil }
	}
	return r
}

// octetStream is shared by all requests, which do not change it.
var octetStream = []string{"application/octet-stream"}

// newBody is a body that net/http recognises as memory: of any other it would send the headers in
// a packet of their own.
func newBody(frame []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(frame)) }

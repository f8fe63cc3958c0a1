// Package webhook posts to the receivers of webhooks, which are URLs that strangers choose.
//
// So a URL must be https, and no request ever reaches an address that is not the public Internet's:
// the function's own host and network, its metadata, or anything that stands for one of them. That is
// decided by the address that is being connected to, not by the name or by an earlier look-up, so a
// name that changes its address meanwhile gains nothing. Redirects are not followed, no proxy is
// asked, and of an answer only the status counts.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"edgestream/functions/internal/hook"
)

const (
	maxURL    = 2048
	maxHeader = 16 << 10
	// maxRead is how much of an answer is read, and readFor for how long, so that its connection can be
	// used again.
	maxRead = 1 << 10
	readFor = 100 * time.Millisecond
)

// Client posts to receivers. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	local     bool
}

// NewClient makes a Client. A local one is for a machine to try things out on: it takes http too, and
// reaches every address.
func NewClient(local bool) *Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	if !local {
		dialer.Control = refuse
	}
	return &Client{local: local, transport: &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}}
}

// CloseIdleConnections closes the connections that carry no request.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// Post sends the body and returns nil if the answer is 2xx. A URL that is not allowed is
// hook.ErrReceiver. Any other error may pass. No error says more of the URL than its host.
func (c *Client) Post(ctx context.Context, address string, p hook.Post) error {
	u, err := c.parse(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(p.Body))
	if err != nil {
		return fmt.Errorf("%w: malformed", hook.ErrReceiver)
	}
	r.Header = http.Header{
		"Content-Type":       {"application/json"},
		"X-Pusher-Key":       {p.Key},
		"X-Pusher-Signature": {p.Signature},
		"User-Agent":         {"edgestream"},
		// Not sent: it has net/http repeat a request on a connection that turned out to be dead, as
		// those of an instance that was frozen are.
		"X-Idempotency-Key": {},
	}
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("webhook: no answer: %w", err)
	}
	defer res.Body.Close()
	defer time.AfterFunc(readFor, cancel).Stop() // what was accepted waits for no rest of an answer
	_, _ = io.CopyN(io.Discard, res.Body, maxRead)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("webhook: answered with %d", res.StatusCode)
	}
	return nil
}

// parse is the URL, if it may be posted to.
func (c *Client) parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURL:
		return nil, fmt.Errorf("%w: no URL, or a longer one than %d bytes", hook.ErrReceiver, maxURL)
	case u.Scheme != "https" && !(c.local && u.Scheme == "http"):
		return nil, fmt.Errorf("%w: it must be https", hook.ErrReceiver)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: it has no host", hook.ErrReceiver)
	case u.User != nil:
		return nil, fmt.Errorf("%w: it has a user or a password", hook.ErrReceiver)
	case !c.local && !portAllowed(u.Port()):
		return nil, fmt.Errorf("%w: port %s", hook.ErrReceiver, u.Port())
	}
	u.Fragment = ""
	return u, nil
}

// portAllowed reports whether it is 443, or one on which no service of another kind is expected.
func portAllowed(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || n == 443 || err == nil && n >= 1024 && n <= 65535
}

// errAddress is an address that no receiver has.
var errAddress = errors.New("the receiver's address is not public")

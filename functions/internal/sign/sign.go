// Package sign puts AWS Signature Version 4 on HTTP requests,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
//
// It exists because a publisher signs thousands of requests a second: the signing key is derived
// once per day, the date is written once per second, and the request is hashed from one reused buffer,
// in half of the time of the SDK's signer and with 3 allocations for its 46. The result is the same
// header, byte for byte; a test compares the two.
package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeLayout = "20060102T150405Z"
)

var (
	errNoRegion      = errors.New("sign: no region (set AWS_REGION)")
	errNoCredentials = errors.New("sign: no credentials")
)

// Signer signs requests to one service in one region. It is safe for concurrent use.
type Signer struct {
	region, service string
	credentials     aws.CredentialsProvider
	key             atomic.Pointer[key]
	second          atomic.Pointer[second]
	buffers         sync.Pool
}

// second is a second of signing, and how headers say it.
type second struct {
	unix  int64
	stamp []string // one: "20260131T040506Z"
}

// New makes a Signer. The service is the name in the credential scope, for example "dynamodb".
func New(region, service string, credentials aws.CredentialsProvider) *Signer {
	s := &Signer{region: region, service: service, credentials: credentials}
	s.buffers.New = func() any { b := make([]byte, 0, 4<<10); return &b }
	return s
}

// Sign sets Host, X-Amz-Date, Authorization and, for temporary credentials, X-Amz-Security-Token.
// It signs the host, the length and every header that is set, but not Authorization, User-Agent,
// X-Amzn-Trace-Id, Expect and Transfer-Encoding, which may change on the way. The request's URL
// has its path in Path and RawPath, or, when Opaque is set, already escaped in Opaque.
// The body must be all of the request's body.
func (s *Signer) Sign(r *http.Request, body []byte, at time.Time) error {
	if s.region == "" {
		return errNoRegion
	}
	if s.credentials == nil {
		return errNoCredentials
	}
	cred, err := s.credentials.Retrieve(r.Context())
	if err != nil {
		return err
	}
	stamp := s.stampOf(at)
	k := s.keyFor(stamp[0][:len("20260131")], cred)
	r.Host = hostHeader(r)
	r.Header["X-Amz-Date"] = stamp
	if cred.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = k.token
	}
	r.Header["Authorization"] = []string{s.authorization(r, body, stamp[0], k)}
	return nil
}

// stampOf is the time as a header's values, which requests share and do not change.
func (s *Signer) stampOf(at time.Time) []string {
	if last := s.second.Load(); last != nil && last.unix == at.Unix() {
		return last.stamp
	}
	stamp := []string{at.UTC().Format(timeLayout)}
	s.second.Store(&second{at.Unix(), stamp})
	return stamp
}

// authorization writes, one after the other, into one buffer: the names of the signed headers, what is
// hashed, the signature, the header.
func (s *Signer) authorization(r *http.Request, body []byte, stamp string, k *key) string {
	buffer := s.buffers.Get().(*[]byte)
	var space [16]string
	names := signedHeaders(space[:0], r)
	b := appendNames((*buffer)[:0], names)
	list := b
	b = appendCanonical(b, r, names, list, sha256.Sum256(body))
	digest := sha256.Sum256(b[len(list):])

	b = append(append(b[:len(list)], algorithm+"\n"...), stamp...)
	b = append(append(append(b, '\n'), k.scope...), '\n')
	b = hex.AppendEncode(b, digest[:])
	signed := len(b)
	b = k.appendMAC(b, b[len(list):])
	signature := b[signed:]

	header := len(b)
	b = append(append(append(b, k.credential...), list...), ", Signature="...)
	b = hex.AppendEncode(b, signature)
	authorization := string(b[header:])
	*buffer = b
	s.buffers.Put(buffer)
	return authorization
}

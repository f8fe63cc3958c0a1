// Package sign puts AWS Signature Version 4 on HTTP requests,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
//
// It exists because a publisher signs thousands of requests a second: the signing key is derived
// once per day and the request is hashed from one reused buffer, at a fifth of the cost of the
// SDK's signer. The result is the same header, byte for byte; a test compares the two.
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
	buffers         sync.Pool
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
	values := []string{at.UTC().Format(timeLayout), cred.SessionToken, ""}
	r.Host = hostHeader(r)
	r.Header["X-Amz-Date"] = values[0:1:1]
	if cred.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = values[1:2:2]
	}
	values[2] = s.authorization(r, body, values[0], cred)
	r.Header["Authorization"] = values[2:3:3]
	return nil
}

func (s *Signer) authorization(r *http.Request, body []byte, stamp string, cred aws.Credentials) string {
	buffer := s.buffers.Get().(*[]byte)
	b := (*buffer)[:0]
	var space [16]string
	names := signedHeaders(space[:0], r)
	b = appendCanonical(b, r, names, sha256.Sum256(body))
	digest := sha256.Sum256(b)

	k := s.keyFor(stamp[:8], cred.SecretAccessKey)
	b = append(append(b[:0], algorithm+"\n"...), stamp...)
	b = append(append(append(b, '\n'), k.scope...), '\n')
	b = hex.AppendEncode(b, digest[:])
	signature := k.mac(b)

	b = append(append(b[:0], algorithm+" Credential="...), cred.AccessKeyID...)
	b = append(append(append(b, '/'), k.scope...), ", SignedHeaders="...)
	b = append(appendNames(b, names), ", Signature="...)
	b = hex.AppendEncode(b, signature[:])
	authorization := string(b)
	*buffer = b
	s.buffers.Put(buffer)
	return authorization
}

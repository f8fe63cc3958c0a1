package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// key is the signing key of one day and one set of credentials, and what all headers that it makes have
// in common. Its HMAC states are kept and reset, which saves the two hash blocks that a new HMAC costs.
type key struct {
	day  string
	cred aws.Credentials
	// scope is "20260131/eu-west-1/dynamodb/aws4_request".
	scope string
	// credential is how the Authorization header begins, up to the names of the signed headers.
	credential string
	// token is the session token as a header's values, which requests share and do not change.
	token  []string
	hashes sync.Pool
}

// keyFor is the key of the day; a new day, or rotated credentials, replace the one that is kept.
func (s *Signer) keyFor(day string, cred aws.Credentials) *key {
	if k := s.key.Load(); k != nil && k.day == day && k.cred.AccessKeyID == cred.AccessKeyID &&
		k.cred.SecretAccessKey == cred.SecretAccessKey && k.cred.SessionToken == cred.SessionToken {
		return k
	}
	k := newKey(day, cred, s.region, s.service)
	s.key.Store(k)
	return k
}

func newKey(day string, cred aws.Credentials, region, service string) *key {
	derived := []byte("AWS4" + cred.SecretAccessKey)
	for _, part := range []string{day, region, service, "aws4_request"} {
		h := hmac.New(sha256.New, derived)
		h.Write([]byte(part))
		derived = h.Sum(nil)
	}
	k := &key{day: day, cred: cred, scope: day + "/" + region + "/" + service + "/aws4_request", token: []string{cred.SessionToken}}
	k.credential = algorithm + " Credential=" + cred.AccessKeyID + "/" + k.scope + ", SignedHeaders="
	k.hashes.New = func() any { return hmac.New(sha256.New, derived) }
	return k
}

// appendMAC appends the message's authentication code.
func (k *key) appendMAC(b, message []byte) []byte {
	h := k.hashes.Get().(hash.Hash)
	defer k.hashes.Put(h)
	h.Reset()
	h.Write(message)
	return h.Sum(b)
}

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// key is the signing key of one day and one secret. Its HMAC states are kept and reset, which
// saves the two hash blocks that a new HMAC costs.
type key struct {
	day, secret string
	// scope is "20260131/eu-west-1/dynamodb/aws4_request".
	scope  string
	hashes sync.Pool
}

// keyFor is the key of the day; a new day, or a rotated secret, replaces the one that is kept.
func (s *Signer) keyFor(day, secret string) *key {
	if k := s.key.Load(); k != nil && k.day == day && k.secret == secret {
		return k
	}
	k := newKey(day, secret, s.region, s.service)
	s.key.Store(k)
	return k
}

func newKey(day, secret, region, service string) *key {
	derived := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, "aws4_request"} {
		h := hmac.New(sha256.New, derived)
		h.Write([]byte(part))
		derived = h.Sum(nil)
	}
	k := &key{day: day, secret: secret, scope: day + "/" + region + "/" + service + "/aws4_request"}
	k.hashes.New = func() any { return hmac.New(sha256.New, derived) }
	return k
}

func (k *key) mac(message []byte) (sum [sha256.Size]byte) {
	h := k.hashes.Get().(hash.Hash)
	defer k.hashes.Put(h)
	h.Reset()
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}

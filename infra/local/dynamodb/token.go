package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// tokenLife is how long a ClientRequestToken makes a transaction idempotent.
const tokenLife = 10 * time.Minute

// maxToken is the longest ClientRequestToken.
const maxToken = 36

// tokenStore remembers the transactions that came with a ClientRequestToken.
// The zero value is ready for use.
type tokenStore struct {
	mu     sync.Mutex
	seen   map[string]*tokenUse
	oldest []string // tokens in the order in which they expire
}

type tokenUse struct {
	request [sha256.Size]byte
	expires time.Time
	mu      sync.Mutex // held while the transaction runs
	done    bool
}

// once runs a transaction unless one with the same token has succeeded within
// the last ten minutes; then repeat is true. The same token with another
// request is an error. Without a token it always runs.
func (s *tokenStore) once(token string, request []byte, now time.Time, run func() error) (repeat bool, err error) {
	if token == "" {
		return false, run()
	}
	if len(token) > maxToken {
		return false, constraint(token, "clientRequestToken", "Member must have length less than or equal to 36")
	}
	sum := fingerprint(request)
	use := s.use(token, now)
	use.mu.Lock()
	defer use.mu.Unlock()
	switch {
	case use.done && use.request != sum:
		return false, failure("IdempotentParameterMismatchException", "Request with the same client request token has different parameters")
	case use.done:
		return true, nil
	}
	// A transaction that fails leaves the token free, for other parameters too.
	err = run()
	use.request, use.done = sum, err == nil
	return false, err
}

// fingerprint is the same for requests that differ only in the order of members.
func fingerprint(request []byte) [sha256.Size]byte {
	var content any
	if json.Unmarshal(request, &content) == nil {
		if sorted, err := json.Marshal(content); err == nil {
			request = sorted
		}
	}
	return sha256.Sum256(request)
}

// use finds or makes the record of a token, and forgets those that have expired.
func (s *tokenStore) use(token string, now time.Time) *tokenUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.oldest) > 0 && now.After(s.seen[s.oldest[0]].expires) {
		delete(s.seen, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
	if s.seen == nil {
		s.seen = map[string]*tokenUse{}
	}
	if s.seen[token] == nil {
		s.seen[token] = &tokenUse{expires: now.Add(tokenLife)}
		s.oldest = append(s.oldest, token)
	}
	return s.seen[token]
}

package apigateway

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// An id is eleven bytes in URL-safe base64, such as "PJqB0fHsqRcCHlw=". As on AWS its
// first five characters are a clock of 100 ms, so that all ids of a few minutes share
// a prefix; code that spreads work by the id's beginning is found out.
const (
	idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	idLength   = 16

	kindConnection = 'C' // of connections and messages
	kindRequest    = 'F'
)

// idSource makes ids that are unique within a process, and across two processes as
// far as 52 random bits go. It is safe for concurrent use.
type idSource struct {
	now      func() time.Time
	sequence atomic.Uint64
	host     uint64
}

func newIDSource(now func() time.Time) *idSource {
	s := &idSource{now: now, host: rand.Uint64()}
	s.sequence.Store(rand.Uint64())
	return s
}

func (s *idSource) next(kind byte) string {
	// An odd multiplier permutes the 36 bits: it hides the counting and keeps ids unique.
	const odd = 0x9E3779B97
	var id [idLength]byte
	put(id[0:5], uint64(s.now().UnixMilli()/100))
	put(id[5:11], s.sequence.Add(1)*odd)
	id[11] = kind
	put(id[12:15], s.host<<2) // the last character holds four bits
	id[15] = '='
	return string(id[:])
}

// put writes v's lowest bits, six a character, the highest first.
func put(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = idAlphabet[v&63]
		v >>= 6
	}
}

// validID reports whether id has the form of a connection id.
func validID(id string) bool {
	if len(id) != idLength || id[idLength-1] != '=' {
		return false
	}
	for i := range idLength - 1 {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

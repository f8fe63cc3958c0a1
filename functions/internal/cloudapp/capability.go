package cloudapp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
)

// Capability is what one URL allows: to sign subscriptions to the account's own channel, while the
// token is good. Its text is base64url of
//
//	version 1 · lengths of account and app, a byte each · account · app · token's hash (32) · HMAC-SHA256 (32)
//
// The key is derived from the app's secret, so that no signature of another use can stand in, and a
// new secret ends every URL. Texts are canonical: of each there is one.
type Capability struct {
	// Account is whose channel may be signed for.
	Account string
	// App is the account's app when the URL was made.
	App string
	// TokenHash is the SHA-256, in lower-case hex, of the token that it was made with.
	TokenHash string
}

const (
	capabilityVersion = 1
	hashSize          = sha256.Size
	// maxPart is how many bytes an account's and an app's id may have here.
	maxPart = 255
	// maxCapability is how long the text of one can be.
	maxCapability = (3 + 2*maxPart + 2*hashSize + 2) / 3 * 4
)

var (
	errCapability = errors.New("no capability")
	errForged     = errors.New("the capability's signature does not fit")
)

// text signs the capability with the app's secret.
func (c Capability) text(secret string) (string, error) {
	hash, err := hex.DecodeString(c.TokenHash)
	if err != nil || len(hash) != hashSize || secret == "" || !fits(c.Account) || !fits(c.App) {
		return "", errCapability
	}
	b := []byte{capabilityVersion, byte(len(c.Account)), byte(len(c.App))}
	b = slices.Concat(b, []byte(c.Account), []byte(c.App), hash)
	mac, err := capabilityMAC(b, secret)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(b, mac...)), nil
}

func fits(part string) bool { return part != "" && len(part) <= maxPart }

// sealed is a capability as it was read: nothing in it is true before opened says so.
type sealed struct {
	claim     Capability
	body, mac []byte
}

// parseCapability reads a text.
func parseCapability(text string) (s sealed, err error) {
	if len(text) > maxCapability {
		return s, errCapability
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text { // it lets line ends pass, and spare bits
		return s, errCapability
	}
	if len(b) < 3 || b[0] != capabilityVersion {
		return s, errCapability
	}
	account, app := int(b[1]), int(b[2])
	if account == 0 || app == 0 || len(b) != 3+account+app+2*hashSize {
		return s, errCapability
	}
	names, rest := b[3:3+account+app], b[3+account+app:]
	s.claim = Capability{Account: string(names[:account]), App: string(names[account:]), TokenHash: hex.EncodeToString(rest[:hashSize])}
	s.body, s.mac = b[:len(b)-hashSize], rest[hashSize:]
	return s, nil
}

// opened is what the capability says, if it was signed with this secret of its app.
func (s sealed) opened(secret string) (Capability, error) {
	mac, err := capabilityMAC(s.body, secret)
	if err != nil || secret == "" || !hmac.Equal(mac, s.mac) {
		return Capability{}, errForged
	}
	return s.claim, nil
}

func capabilityMAC(body []byte, secret string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "edgestream cloudapp capability", sha256.Size)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil), nil
}

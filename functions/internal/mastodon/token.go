package mastodon

import (
	"strings"

	"edgestream/functions/internal/stream"
)

// Credentials are the places of a request that can hold an access token, each as it was sent;
// empty if it was not.
type Credentials struct {
	// Authorization is the header of that name.
	Authorization string
	// AccessToken is the query parameter access_token.
	AccessToken string
	// Protocols is the header Sec-WebSocket-Protocol: browsers cannot set any other.
	Protocols string
}

// Token is the access token: of Authorization, else of the query, else the first subprotocol
// offered. "Bearer " is optional in Authorization and stripped in this spelling alone.
// ErrMissingToken: none of them is there. The token may be empty ("Bearer " and nothing else),
// and may hold any bytes.
func (c Credentials) Token() (string, error) {
	switch {
	case c.Authorization != "":
		return strings.TrimPrefix(c.Authorization, "Bearer "), nil
	case c.AccessToken != "":
		return c.AccessToken, nil
	}
	if first := c.offered(); first != "" {
		return first, nil
	}
	return "", stream.ErrMissingToken
}

// Subprotocol is what the answer to the upgrade must name: the first subprotocol offered, since
// browsers fail a connection whose offer is not taken up. It is empty if none was offered, or
// one that is no token in the sense of https://www.rfc-editor.org/rfc/rfc6455#section-4.1 and
// could not stand in a header.
func (c Credentials) Subprotocol() string {
	first := c.offered()
	for _, b := range []byte(first) {
		if b <= ' ' || b >= 0x7f {
			return ""
		}
	}
	return first
}

func (c Credentials) offered() string {
	first, _, _ := strings.Cut(c.Protocols, ",")
	return strings.Trim(first, " \t")
}

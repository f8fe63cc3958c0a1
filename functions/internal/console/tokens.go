package console

import (
	"crypto/rand"
	"errors"
	"time"
)

// issued is the answer to a new token.
type issued struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// A new token lives for an hour unless the page says how long, up to a day.
const (
	lifetime    = time.Hour
	maxLifetime = 24 * time.Hour
)

// issue makes a token of the same account and scopes. It never outlives the one that asks for it.
func (h Handler) issue(c call) (any, error) {
	var order struct {
		Seconds int `json:"seconds"`
	}
	if err := c.read(&order); err != nil {
		return nil, err
	}
	lives := lifetime
	if order.Seconds != 0 {
		lives = time.Duration(order.Seconds) * time.Second
	}
	if order.Seconds < 0 || lives > maxLifetime {
		return nil, badRequest{errors.New("seconds must be from 1 to 86400")}
	}
	grant, token := c.grant, rand.Text()
	if expires := time.Now().Add(lives).UTC().Truncate(time.Second); grant.TokenExpires.IsZero() || expires.Before(grant.TokenExpires) {
		grant.TokenExpires = expires
	}
	if err := h.Tokens.Issue(c.Context(), token, grant); err != nil {
		return nil, err
	}
	return issued{token, grant.TokenExpires}, nil
}

func (h Handler) revoke(c call) (any, error) {
	return nil, h.Tokens.Revoke(c.Context(), c.grant.TokenHash, time.Now())
}

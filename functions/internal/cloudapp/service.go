package cloudapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Service answers CloudApp's calls. All fields are needed. It is safe for concurrent use if they are.
type Service struct {
	Accounts Accounts
	Apps     pusher.Apps
	Items    Items
	// Now is the clock.
	Now func() time.Time
}

// AuthPath is the path under which a capability's text signs.
const AuthPath = "/auth/"

// Details is what the account is told of itself, as JSON: its id (a number where it is one that a
// script can hold), what its profile says, and its socket, see the package comment. Nothing in the profile
// takes the place of the id or the socket. base is the URL of the edge, without a slash at the end.
func (s Service) Details(ctx context.Context, g stream.Grant, base string) ([]byte, error) {
	if !canRead(g) {
		return nil, ErrScope
	}
	account, err := s.Accounts.Account(ctx, g.Account)
	if err != nil {
		return nil, err
	}
	profile := object{}
	if account.Profile != nil {
		if profile, err = parseObject(account.Profile); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
	}
	socket, err := s.socket(ctx, g, account, base)
	if err != nil {
		return nil, err
	}
	out := object{{"id", accountID(g.Account)}}
	for _, m := range profile {
		if m.name != "id" && m.name != "socket" {
			out = append(out, m)
		}
	}
	if socket != nil {
		out = append(out, member{"socket", socket.text()})
	}
	return out.text(), nil
}

// socket is how the account listens; nil if it cannot.
func (s Service) socket(ctx context.Context, g stream.Grant, account Account, base string) (object, error) {
	channel := Channel(g.Account)
	if account.App == "" || channel == "" {
		return nil, nil
	}
	app, err := s.Apps.App(ctx, account.App)
	switch {
	case errors.Is(err, pusher.ErrNoApp):
		return nil, nil
	case err != nil:
		return nil, err
	case !app.Enabled:
		return nil, nil
	}
	capability, err := Capability{Account: g.Account, App: account.App, TokenHash: g.TokenHash}.text(app.Secret)
	if err != nil {
		return nil, fmt.Errorf("app %.64q: %w", account.App, err)
	}
	return object{
		{"auth_url", quote(base + AuthPath + capability)},
		{"api_key", quote(app.Key)},
		{"app_id", quote(account.App)},
		{"channels", object{{"items", quote(channel)}}.text()},
	}, nil
}

// accountID is the id as JSON: a number if it is a whole one that every reader keeps as it is.
func accountID(id string) []byte {
	const safe = "9007199254740991" // 2^53-1
	if isDecimal(id) && (id == "0" || id[0] != '0') && (len(id) < len(safe) || len(id) == len(safe) && id <= safe) {
		return []byte(id)
	}
	return quote(id)
}

func canRead(g stream.Grant) bool  { return slices.Contains(g.Scopes, "read") }
func canWrite(g stream.Grant) bool { return slices.Contains(g.Scopes, "write") }

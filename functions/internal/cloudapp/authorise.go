package cloudapp

import (
	"context"
	"errors"
	"fmt"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Authorisation is what a client needs to subscribe to a channel.
type Authorisation struct {
	// Auth is the app's key and a signature: "key:sig".
	Auth string `json:"auth"`
}

// Authorise signs for the channel on the socket, if the capability with this text allows it.
// ErrSocket; ErrRefused with the reason; any other error says that nobody knows.
func (s Service) Authorise(ctx context.Context, capability, socketID, channel string) (Authorisation, error) {
	if !pusher.IsSocketID(socketID) {
		return Authorisation{}, ErrSocket
	}
	c, app, err := s.holder(ctx, capability)
	if err != nil {
		return Authorisation{}, err
	}
	if own := Channel(c.Account); own == "" || channel != own {
		return Authorisation{}, refused(errors.New("not the account's own channel"))
	}
	return Authorisation{app.Auth(pusher.ChannelText(socketID, channel))}, nil
}

// holder is whom the capability stands for, and the app, as long as Accounts knows them for what they were.
func (s Service) holder(ctx context.Context, text string) (Capability, pusher.App, error) {
	none := func(err error) (Capability, pusher.App, error) { return Capability{}, pusher.App{}, err }
	sealed, err := parseCapability(text)
	if err != nil {
		return none(refused(err))
	}
	app, err := s.Apps.App(ctx, sealed.claim.App)
	switch {
	case errors.Is(err, pusher.ErrNoApp):
		return none(refused(err))
	case err != nil:
		return none(err)
	}
	c, err := sealed.opened(app.Secret)
	if err != nil {
		return none(refused(err))
	}
	if !app.Enabled {
		return none(refused(pusher.ErrDisabled))
	}
	return c, app, s.stillHolds(ctx, c)
}

// stillHolds is nil while the token is good and the account the same and of the same app.
func (s Service) stillHolds(ctx context.Context, c Capability) error {
	g, err := s.Accounts.GrantByHash(ctx, c.TokenHash)
	switch {
	case errors.Is(err, stream.ErrInvalidToken):
		return refused(err)
	case err != nil:
		return err
	case g.Account != c.Account:
		return refused(errors.New("the token is another account's"))
	case !canRead(g):
		return refused(ErrScope)
	}
	account, err := s.Accounts.Account(ctx, c.Account)
	if err == nil && account.App != c.App {
		err = refused(errors.New("the account's app is another"))
	}
	return err
}

func refused(why error) error { return fmt.Errorf("%w: %w", ErrRefused, why) }

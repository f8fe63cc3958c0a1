package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Apps knows the apps of the Channels protocol.
type Apps interface {
	// AppByKey is the app with this key; pusher.ErrNoApp if there is none.
	AppByKey(ctx context.Context, key string) (pusher.App, error)
}

// Events publishes events on channels.
type Events interface {
	Publish(ctx context.Context, app string, events []pusher.ChannelEvents) error
}

// signed is what a client subscribes with.
type signed struct {
	Auth string `json:"auth"`
	Data string `json:"channel_data,omitempty"`
}

// sign does what an application's own server does for its clients: it signs for a private or
// presence channel. On a presence channel the token's account is the user.
func (h Handler) sign(c call) (any, error) {
	var order struct {
		Key     string `json:"key"`
		Channel string `json:"channel"`
		Socket  string `json:"socket_id"`
	}
	if err := c.read(&order); err != nil {
		return nil, err
	}
	channel := pusher.Channel(order.Channel)
	switch {
	case !pusher.IsSocketID(order.Socket):
		return nil, badRequest{errors.New("socket_id is no socket's")}
	case !channel.Private():
		return nil, badRequest{errors.New("only private and presence channels are signed for")}
	}
	app, err := h.app(c, order.Key, order.Channel)
	if err != nil {
		return nil, err
	}
	if !channel.Presence() {
		return signed{Auth: app.Auth(pusher.ChannelText(order.Socket, order.Channel))}, nil
	}
	user, err := json.Marshal(map[string]string{"user_id": c.grant.Account})
	return signed{app.Auth(pusher.ChannelText(order.Socket, order.Channel, string(user))), string(user)}, err
}

// app is the app with this key, if the call may do something with this channel of it.
func (h Handler) app(c call, key, channel string) (pusher.App, error) {
	if err := pusher.DefaultLimits().CheckChannel(channel); err != nil {
		return pusher.App{}, badRequest{err}
	}
	if strings.HasPrefix(channel, stream.ItemsChannel("")) && channel != stream.ItemsChannel(c.grant.Account) {
		return pusher.App{}, forbidden{errors.New("the channel is another account's")}
	}
	app, err := h.Apps.AppByKey(c.Context(), key)
	switch {
	case errors.Is(err, pusher.ErrNoApp):
		return app, badRequest{pusher.ErrNoApp}
	case err == nil && !app.Enabled:
		return app, forbidden{pusher.ErrDisabled}
	}
	return app, err
}

// publish says an event on a channel, as an application's server does.
func (h Handler) publish(c call) (any, error) {
	var order struct {
		Key     string `json:"key"`
		Channel string `json:"channel"`
		Name    string `json:"name"`
		Data    string `json:"data"`
	}
	if err := c.read(&order); err != nil {
		return nil, err
	}
	if err := pusher.CheckEvent(order.Name); err != nil {
		return nil, badRequest{err}
	}
	if len(order.Data) > pusher.MaxData {
		return nil, badRequest{fmt.Errorf("%w: at most %d bytes", pusher.ErrTooLarge, pusher.MaxData)}
	}
	app, err := h.app(c, order.Key, order.Channel)
	if err != nil {
		return nil, err
	}
	event := pusher.Event{Name: order.Name, Data: order.Data}
	return nil, h.Events.Publish(c.Context(), app.ID, []pusher.ChannelEvents{{Channel: order.Channel, Events: []pusher.Event{event}}})
}

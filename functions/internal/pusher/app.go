package pusher

import "context"

// App is an application of the Channels protocol, as its row in Accounts says.
type App struct {
	// ID is what URLs of the HTTP API name: 1 to 64 characters of A–Z, a–z, 0–9, "_" and "-".
	ID string
	// Key is what clients connect with, and Secret what signatures are made with.
	Key, Secret string
	// Enabled is false for an app that nobody may use.
	Enabled bool
	// ClientEvents allows clients to send events of their own.
	ClientEvents bool
	// SubscriptionCount has clients told how many subscriptions a channel has.
	SubscriptionCount bool
	// Webhooks are told what happens on channels.
	Webhooks []Webhook
}

// Webhook is one receiver.
type Webhook struct {
	// URL is where to post to.
	URL string
	// Events are the kinds of events that it wants, such as "channel_occupied".
	Events []string
	// Prefix is how the channels begin that it wants to hear of; empty: all.
	Prefix string
}

// Apps knows the apps. What it says may be some seconds old.
type Apps interface {
	// App is the app with this id; ErrNoApp if there is none.
	App(ctx context.Context, id string) (App, error)
	// AppByKey is the app with this key; ErrNoApp if there is none.
	AppByKey(ctx context.Context, key string) (App, error)
}

// CurrentApps are apps whose state can be asked for too.
type CurrentApps interface {
	Apps
	// Current is AppByKey as of now.
	Current(ctx context.Context, key string) (App, error)
}

package pushertest

import (
	"context"

	"edgestream/functions/internal/pusher"
)

// Apps are apps in memory.
type Apps []pusher.App

var _ pusher.CurrentApps = Apps(nil)

// Current implements pusher.CurrentApps.
func (a Apps) Current(ctx context.Context, key string) (pusher.App, error) {
	return a.AppByKey(ctx, key)
}

// App implements pusher.Apps.
func (a Apps) App(_ context.Context, id string) (pusher.App, error) {
	for _, app := range a {
		if app.ID == id {
			return app, nil
		}
	}
	return pusher.App{}, pusher.ErrNoApp
}

// AppByKey implements pusher.Apps.
func (a Apps) AppByKey(_ context.Context, key string) (pusher.App, error) {
	for _, app := range a {
		if app.Key == key {
			return app, nil
		}
	}
	return pusher.App{}, pusher.ErrNoApp
}

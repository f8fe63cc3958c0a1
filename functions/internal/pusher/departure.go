package pusher

import (
	"context"
	"errors"

	"edgestream/functions/internal/stream"
)

// Departure removes connections that have ended, and has those told who want to hear of it. All fields
// are needed.
type Departure struct {
	Connections Connections
	Apps        Apps
	Events      Events
	Hooks       Hooks
}

// Close removes the connection with everything that it holds. It may be called again, after a failure
// and after a success. Known is false for a connection that is not there, or is none of an app.
func (d Departure) Close(ctx context.Context, c stream.Connection) (known bool, err error) {
	left, err := d.Remove(ctx, c)
	return left.App != "", err
}

// Remove is Close, and returns what the connection has left. The connection goes last: until those are
// told who want to hear of it, whoever calls again finds it.
func (d Departure) Remove(ctx context.Context, c stream.Connection) (Closed, error) {
	left, err := d.Connections.Leave(ctx, c)
	if err != nil || left.App == "" {
		return Closed{}, err
	}
	if err := d.Tell(ctx, left); err != nil {
		return left, err
	}
	return left, d.Connections.End(ctx, c)
}

// Tell has those told who want to hear of what a connection has left.
func (d Departure) Tell(ctx context.Context, left Closed) (err error) {
	if len(left.Empty) > 0 {
		err = d.Hooks.Vacating(ctx, left.App, left.Empty...)
	}
	return errors.Join(err, count(ctx, d.Apps, d.Events, left.App, left.Channels))
}

// count has the subscriptions of the channels counted again if clients of the app are told of them. On
// presence channels they know each other anyway.
func count(ctx context.Context, apps Apps, events Events, id string, channels []string) error {
	if len(channels) == 0 {
		return nil
	}
	app, err := apps.App(ctx, id)
	if err != nil || !app.SubscriptionCount {
		return ignore(err, ErrNoApp)
	}
	var failed []error
	for _, channel := range channels {
		if !Channel(channel).Presence() {
			failed = append(failed, events.Counted(ctx, id, channel))
		}
	}
	return errors.Join(failed...)
}

// ignore is the error, unless it is one of that kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

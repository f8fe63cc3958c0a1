package pusher

import (
	"context"
	"errors"
	"log/slog"
	"strconv"

	"edgestream/functions/internal/stream"
)

// Greeter posts frames, or has them posted.
type Greeter interface {
	Greet(ctx context.Context, g stream.Greeting) error
}

// newest is the newest version of the protocol. What changed since the first is not what the server
// says to clients of the versions before, who all understand it.
const newest = 7

// Handshake is a client that asks to be connected.
type Handshake struct {
	stream.Connection
	// Key is the app's, as the path of the URL has it.
	Key string
	// Protocol is the version that the client speaks; empty: it does not say, as the oldest do not.
	Protocol string
}

// Connect admits clients. All fields are needed, but for a stack without apps.
type Connect struct {
	// Apps knows the apps; nil: there are none, and no other field but Greeter is needed.
	Apps        Apps
	Connections Connections
	// Greeter must not wait for its frames to be posted: the socket opens only after Connect
	// has returned.
	Greeter Greeter
}

// Connect stores the connection and has the client greeted. A client that is refused is connected all
// the same, to be told why and then closed: see the package's description. An error says that neither
// could be done, and that the upgrade is to be refused with 500: the client comes back.
func (c Connect) Connect(ctx context.Context, h Handshake, log *slog.Logger) error {
	app, err := c.app(ctx, h)
	if err == nil {
		err = c.open(ctx, h.Connection, app)
	}
	if err == nil {
		return nil
	}
	refused := refusalOf(err)
	if refused.own() {
		return err
	}
	log.InfoContext(ctx, "connection refused", "app", app.ID, "reason", err.Error())
	return c.Greeter.Greet(ctx, stream.Greeting{
		Connection: h.Connection, Frames: []string{string(refused.errorFrame())}, Close: true,
	})
}

func (c Connect) open(ctx context.Context, conn stream.Connection, app App) error {
	if err := c.Connections.Open(ctx, stream.Session{Connection: conn, App: app.ID}); err != nil {
		return err
	}
	greeting := stream.Greeting{Connection: conn, Frames: []string{string(establishedFrame(conn))}}
	if err := c.Greeter.Greet(ctx, greeting); err != nil {
		return errors.Join(err, c.Connections.End(ctx, conn)) // it holds nothing yet
	}
	return nil
}

// app is the app of the handshake, if it may be connected to.
func (c Connect) app(ctx context.Context, h Handshake) (App, error) {
	if err := checkProtocol(h.Protocol); err != nil {
		return App{}, err
	}
	if h.Key == "" {
		return App{}, errPath
	}
	app, err := App{}, ErrNoApp
	if c.Apps != nil && isKey(h.Key) {
		app, err = c.Apps.AppByKey(ctx, h.Key)
	}
	switch {
	case errors.Is(err, ErrNoApp):
		return App{}, told(err, "App key "+short(h.Key)+" not in this cluster. Did you forget to specify the cluster?")
	case err == nil && !app.Enabled:
		return app, ErrDisabled
	}
	return app, err
}

func checkProtocol(version string) error {
	if version == "" {
		return nil
	}
	n, err := strconv.Atoi(version)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errProtocol
	case err != nil:
		return errVersion
	case n < 1 || n > newest:
		return errProtocol
	}
	return nil
}

// isKey reports whether the text can be an app's key at all: what cannot is not looked up.
func isKey(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(s) <= 128
}

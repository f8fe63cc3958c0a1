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
	Apps        CurrentApps
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
		err = c.open(ctx, h, app)
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

// open stores the connection and asks once more for the app: whoever has it closed meanwhile, because
// it is disabled, either finds the connection or did so before that.
func (c Connect) open(ctx context.Context, h Handshake, app App) error {
	if err := c.Connections.Open(ctx, stream.Session{Connection: h.Connection, App: app.ID}); err != nil {
		return err
	}
	now, err := usable(c.Apps.Current(ctx, h.Key))
	if err == nil && now.ID != app.ID {
		err = errors.New("the key has become another app's")
	}
	if err == nil {
		err = c.Greeter.Greet(ctx, stream.Greeting{Connection: h.Connection, Frames: []string{string(establishedFrame(h.Connection))}})
	}
	if err != nil {
		return errors.Join(noSuchKey(h.Key, err), c.Connections.End(ctx, h.Connection)) // it holds nothing yet
	}
	return nil
}

// app is the app of the handshake, if it may be connected to. One that was refused a moment ago may be
// allowed now, and a client that is told otherwise never comes back.
func (c Connect) app(ctx context.Context, h Handshake) (App, error) {
	if err := checkProtocol(h.Protocol); err != nil {
		return App{}, err
	}
	if h.Key == "" {
		return App{}, errPath
	}
	app, err := App{}, ErrNoApp
	if c.Apps != nil && isKey(h.Key) {
		if app, err = usable(c.Apps.AppByKey(ctx, h.Key)); refusedApp(err) {
			app, err = usable(c.Apps.Current(ctx, h.Key))
		}
	}
	return app, noSuchKey(h.Key, err)
}

// usable is the app, or ErrDisabled with it.
func usable(app App, err error) (App, error) {
	if err == nil && !app.Enabled {
		err = ErrDisabled
	}
	return app, err
}

func refusedApp(err error) bool { return errors.Is(err, ErrNoApp) || errors.Is(err, ErrDisabled) }

// noSuchKey adds what a client is told whose key is no app's.
func noSuchKey(key string, err error) error {
	if errors.Is(err, ErrNoApp) {
		return told(err, "App key "+short(key)+" not in this cluster. Did you forget to specify the cluster?")
	}
	return err
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

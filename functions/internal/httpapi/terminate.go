package httpapi

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// terminated is the last frame of a connection that is closed by the app. API Gateway cannot close with
// a code of the protocol, so a client whose library goes by the close's code comes back.
const terminated = `{"event":"pusher:error","data":{"code":4009,"message":"You got disconnected by the app."}}`

// terminate closes the connections on which the user is signed in.
// https://pusher.com/docs/channels/server_api/terminating-user-connections/
func terminate(ctx context.Context, c call, user string) (any, error) {
	if err := pusher.CheckUser(user); err != nil {
		return nil, invalid("Invalid user: %s", why(err))
	}
	connections, err := c.Directory.UserConnections(ctx, c.app.ID, user)
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.SetLimit(lookers)
	for _, connection := range connections { // each, whatever becomes of the others
		g.Go(func() error { return c.close(ctx, connection) })
	}
	return struct{}{}, g.Wait()
}

// close closes the connection, whether or not it can be told why.
func (c call) close(ctx context.Context, connection stream.Connection) error {
	_ = c.Sockets.Post(ctx, connection.ID, []byte(terminated))
	if err := c.Sockets.Disconnect(ctx, connection.ID); err != nil && !errors.Is(err, stream.ErrGone) {
		return err
	}
	return nil
}

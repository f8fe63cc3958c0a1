package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"edgestream/functions/internal/pusher"
)

// MaxBody is how long the body of a request may be, in bytes. A batch of ten events of the largest
// data fits, even if each of its bytes is escaped with six.
const MaxBody = 1 << 20

// maxQuery is how long a query may be, in bytes: with the path, as much as CloudFront takes.
const maxQuery = 8 << 10

// Sockets reaches connections.
type Sockets interface {
	// Post sends a frame; stream.ErrGone: nobody is there.
	Post(ctx context.Context, connectionID string, frame []byte) error
	// Disconnect closes the connection; stream.ErrGone: it is closed.
	Disconnect(ctx context.Context, connectionID string) error
}

// API answers requests. All fields are needed. It is safe for concurrent use.
type API struct {
	Apps      pusher.Apps
	Events    pusher.Events
	Directory pusher.Directory
	Sockets   Sockets
	Limits    pusher.Limits
}

// Request is a request as it came.
type Request struct {
	Method string
	// Path is the URL's without the query, escaped as it was sent.
	Path string
	// Query is what stands behind the question mark.
	Query string
	Body  []byte
	// At is when it came.
	At time.Time
}

// call is a request that its app has signed.
type call struct {
	*API
	app    pusher.App
	params params
	body   []byte
}

// Serve is the answer to the request, a JSON text with status 200. RefusalOf says what an error means.
func (a *API) Serve(ctx context.Context, r Request) ([]byte, error) {
	to, err := routeOf(r)
	if err != nil {
		return nil, err
	}
	app, params, err := a.authenticate(ctx, r, to.app)
	if err != nil {
		return nil, err
	}
	answer, err := to.run(ctx, call{a, app, params, r.Body})
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

package apigateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is one running API. It is safe for concurrent use.
type Server struct {
	api      API
	opt      Options
	selector *selector
	ids      *idSource
	domain   atomic.Pointer[string]
	ctx      context.Context // ends when Shutdown gives up waiting
	cancel   context.CancelFunc

	mu      sync.RWMutex
	conns   map[string]*conn // open or closing
	closing bool
	work    sync.WaitGroup // connections and invocations

	open, opened, inFlight   atomic.Int64
	messages, posts, refused atomic.Int64
}

var _ http.Handler = (*Server)(nil)

// New checks the API as a deployment would and makes a server of it. It listens to
// nothing: hand it to an http.Server, and end it with Shutdown.
func New(api API, opt Options) (*Server, error) {
	if opt.Invoke == nil {
		return nil, errors.New("apigateway: Options.Invoke is required")
	}
	if err := api.validate(); err != nil {
		return nil, err
	}
	selector, err := newSelector(api.RouteSelectionExpression)
	if err != nil {
		return nil, err
	}
	opt.setDefaults()
	s := &Server{api: api, opt: opt, selector: selector, ids: newIDSource(opt.Now), conns: make(map[string]*conn)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.SetDomainName(opt.DomainName)
	return s, nil
}

// SetDomainName changes Options.DomainName for connections to come: the port of a
// listener is known only once it listens.
func (s *Server) SetDomainName(hostPort string) { s.domain.Store(&hostPort) }

// ServeHTTP upgrades on /{stage} and /{stage}/, and manages connections on
// /{stage}/@connections/{id}. Any other path is 403, as on AWS.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stage, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	collection, id, isItem := strings.Cut(rest, "/")
	switch {
	case !sameSegment(stage, s.api.Stage):
		s.fail(w, errForbidden)
	case rest == "":
		s.upgrade(w, r)
	case isItem && sameSegment(collection, "@connections"):
		s.manage(w, r, id)
	default:
		s.fail(w, errForbidden)
	}
}

// sameSegment compares an escaped path segment with a plain one.
func sameSegment(escaped, plain string) bool {
	if escaped == plain {
		return true
	}
	segment, err := url.PathUnescape(escaped)
	return err == nil && segment == plain
}

// Connections is the number of open connections: those that a post can reach.
func (s *Server) Connections() int { return int(s.open.Load()) }

// Stats are counts since New, for an operator's screen or a test.
type Stats struct {
	Open     int64 // connections that a post can reach
	Opened   int64 // connections that $connect accepted
	Refused  int64 // handshakes that $connect or its failure refused
	Messages int64 // from clients
	Posts    int64 // accepted for clients
}

// Stats reads the counts; they are not one consistent snapshot.
func (s *Server) Stats() Stats {
	return Stats{Open: s.open.Load(), Opened: s.opened.Load(), Refused: s.refused.Load(),
		Messages: s.messages.Load(), Posts: s.posts.Load()}
}

// Connection describes one open connection.
type Connection struct {
	ID, SourceIP, UserAgent   string
	ConnectedAt, LastActiveAt time.Time
	// Waiting is how many bytes the client has yet to read.
	Waiting int
}

// List describes the open connections, the oldest first.
func (s *Server) List() []Connection {
	var list []Connection
	for _, c := range s.snapshot() {
		if !c.closing() {
			list = append(list, Connection{c.id, c.identity.SourceIP, c.identity.UserAgent,
				c.connectedAt, c.lastActiveAt(), c.out.waiting()})
		}
	}
	slices.SortFunc(list, func(a, b Connection) int {
		return cmp.Or(a.ConnectedAt.Compare(b.ConnectedAt), strings.Compare(a.ID, b.ID))
	})
	return list
}

// Shutdown closes every socket with 1001, runs $disconnect for each, and waits for
// all invocations. New handshakes are 503 from then on. When ctx ends first it cuts
// what is left and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	for _, c := range s.snapshot() {
		c.close(closeCause{closeGoingAway, goingAway})
	}
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	defer s.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.snapshot() {
		_ = c.nc.Close()
	}
	return ctx.Err()
}

// begin counts a handshake as work, unless the server is shutting down.
func (s *Server) begin() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.closing {
		s.work.Add(1)
	}
	return !s.closing
}

// register makes a connection reachable. It reports false if the server began to shut
// down during the handshake.
func (s *Server) register(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c.id] = c
	s.open.Add(1)
	c.ordinal = s.opened.Add(1)
	return !s.closing
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
}

func (s *Server) find(id string) *conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.conns[id]
}

func (s *Server) snapshot() []*conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		list = append(list, c)
	}
	return list
}

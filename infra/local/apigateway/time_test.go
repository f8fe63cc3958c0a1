package apigateway

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// pipes is a listener of in-memory connections, for tests on a fake clock.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// onFakeClock runs a test against one socket and AWS's limits. ended gives the close
// status when the socket is over; every message that arrives before is thrown away.
func onFakeClock(t *testing.T, test func(t *testing.T, s *Server, ws *websocket.Conn, ended <-chan error)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(testAPI(), Options{Invoke: newLambda().invoke})
		if err != nil {
			t.Fatal(err)
		}
		listener := newPipes()
		server := &http.Server{Handler: s}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.dial}
		ws, _, err := websocket.Dial(context.Background(), "ws://gateway/prod", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			for {
				if _, _, err := ws.Read(context.Background()); err != nil {
					ended <- err
					return
				}
			}
		}()
		test(t, s, ws, ended)
		_ = ws.CloseNow()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		_ = server.Close()
		transport.CloseIdleConnections()
	})
}

func stillOpen(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		t.Fatalf("closed too early: %v", err)
	default:
	}
}

func goesAwayAfter(t *testing.T, ended <-chan error, since time.Time, want time.Duration) {
	t.Helper()
	err := <-ended
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("ended with %v", err)
	}
	if got := time.Since(since); got < want || got > want+time.Second {
		t.Errorf("after %v, want %v", got, want)
	}
}

func TestAQuietSocketGoesAwayAfterTenMinutes(t *testing.T) {
	onFakeClock(t, func(t *testing.T, s *Server, _ *websocket.Conn, ended <-chan error) {
		goesAwayAfter(t, ended, time.Now(), 10*time.Minute)
		synctest.Wait()
		if s.Connections() != 0 {
			t.Error("it still counts as open")
		}
	})
}

func TestPingsDoNotKeepASocketAlive(t *testing.T) {
	onFakeClock(t, func(t *testing.T, _ *Server, ws *websocket.Conn, ended <-chan error) {
		start := time.Now()
		for range 9 {
			time.Sleep(time.Minute)
			if err := ws.Ping(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		goesAwayAfter(t, ended, start, 10*time.Minute)
	})
}

func TestMessagesInEitherDirectionKeepASocketAlive(t *testing.T) {
	onFakeClock(t, func(t *testing.T, s *Server, ws *websocket.Conn, ended <-chan error) {
		id := s.List()[0].ID
		for i := range 6 {
			time.Sleep(9 * time.Minute)
			stillOpen(t, ended)
			if i%2 == 0 {
				if err := ws.Write(context.Background(), websocket.MessageText, []byte("x")); err != nil {
					t.Fatal(err)
				}
			} else if problem := s.deliver(id, []byte("y")); problem != nil {
				t.Fatal(problem.name)
			}
			synctest.Wait()
			if quiet := time.Since(s.List()[0].LastActiveAt); quiet != 0 {
				t.Errorf("last active %v ago", quiet)
			}
		}
		goesAwayAfter(t, ended, time.Now(), 10*time.Minute)
	})
}

func TestASocketEndsAfterTwoHoursWhateverHappens(t *testing.T) {
	onFakeClock(t, func(t *testing.T, s *Server, ws *websocket.Conn, ended <-chan error) {
		start, id := time.Now(), s.List()[0].ID
		for time.Since(start) < 2*time.Hour-5*time.Minute {
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			stillOpen(t, ended)
			if problem := s.deliver(id, []byte("x")); problem != nil {
				t.Fatal(problem.name)
			}
		}
		goesAwayAfter(t, ended, start, 2*time.Hour)
	})
}

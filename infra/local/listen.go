package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// server is one listening address. Nothing is served until serve is called, but the port is
// known and taken from the start.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
}

func listen(name, flag, address string) (*server, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is in use: stop what listens there, or choose another address with --%s (port 0: any free one)", name, address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen on --%s %s: %w", name, flag, address, err)
	}
	return &server{name: name, listener: l}, nil
}

func (s *server) serve(h http.Handler) {
	s.http = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(s.listener)
}

// address is host:port as a program on this machine reaches it.
func (s *server) address() string {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (s *server) url() string { return "http://" + s.address() }

func (s *server) close(ctx context.Context) {
	if s.http == nil {
		s.listener.Close()
		return
	}
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

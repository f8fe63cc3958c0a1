package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/infra/stack"

	engine "edgestream/infra/local/dynamodb"
)

// database is a DynamoDB behind a proxy that can fail, and beside it, for the application, one that
// does not.
type database struct {
	proxy *stack.Proxy
	db    *dynamodb.Client

	engine *engine.Engine // nil if it is elsewhere
	server *httptest.Server
	local  *localDatabase // nil if it is none of this run's
}

// newDatabase is before the one at this URL or, if that is empty, before a DynamoDB Local of its own
// from this folder or, if that is empty too, an engine of its own.
func newDatabase(ctx context.Context, url, home string) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	switch {
	case home != "":
		if d.local, err = startLocalDatabase(ctx, home); err != nil {
			return nil, err
		}
		url = d.local.url
	case url == "":
		d.engine = engine.New(engine.Options{})
		d.server = httptest.NewServer(d.engine)
		url = d.server.URL
	}
	d.db = client(url)
	if d.proxy, err = stack.NewProxy(); err != nil {
		return nil, err
	}
	return d, d.proxy.Before(url)
}

func (d *database) close() {
	if d.proxy != nil {
		d.proxy.Close()
	}
	if d.engine != nil {
		d.server.Close()
		d.engine.Close()
	}
	if d.local != nil {
		d.local.close()
	}
}

// stall holds every request for as long as d; then they go on, also writes of callers that have been
// killed meanwhile.
func (d *database) stall(ctx context.Context, pause time.Duration) {
	over := make(chan struct{})
	d.proxy.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return true // the caller was killed in the middle of it
		}
		select {
		case <-over:
		case <-ctx.Done():
			return stack.Abort(w, r)
		}
		r = r.WithContext(context.WithoutCancel(r.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		d.proxy.Pass(w, r)
		return true
	})
	wait(ctx, pause)
	d.proxy.Fail(nil)
	close(over)
}

// restart refuses connections for as long as pause; a DynamoDB Local of its own is killed and started
// meanwhile, however long that takes.
func (d *database) restart(ctx context.Context, pause time.Duration) error {
	d.proxy.Down()
	if d.local != nil {
		d.local.kill()
		if err := d.local.start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	wait(ctx, pause)
	return d.proxy.Up()
}

// throttle refuses everything but reads of streams for as long as pause.
func (d *database) throttle(ctx context.Context, pause time.Duration) {
	d.proxy.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		return !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDBStreams") && stack.Throttle(w, r)
	})
	wait(ctx, pause)
	d.proxy.Fail(nil)
}

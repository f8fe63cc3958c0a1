package awsenv

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	warmFor = 3 * time.Second
	// startsFor is about how long a function needs from here to its first event.
	startsFor = 2 * time.Millisecond
)

// Warm opens a connection to the host of each address in the background, so that the first event does not
// wait for TLS: the system's roots alone take ten milliseconds to load. It returns at once. It begins when
// the function has asked for its first event: before that it would only compete with the start
// for the processor. Any answer will do and failures are not reported: the first call would meet them again. The
// returned channel is closed when all is done; a function need not wait for it.
func Warm(cfg aws.Config, addresses ...string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(startsFor)
		var wg sync.WaitGroup
		for _, address := range addresses {
			u, err := url.Parse(address)
			if err != nil {
				continue
			}
			if u.Scheme == "https" {
				wg.Go(func() { _, _ = x509.SystemCertPool() })
			}
			// API Gateway answers /ping itself, whatever the API; other services refuse it.
			wg.Go(func() { touch(cfg.HTTPClient, u.Scheme+"://"+u.Host+"/ping") })
		}
		wg.Wait()
	}()
	return done
}

func touch(client aws.HTTPClient, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), warmFor)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	res, err := client.Do(r)
	if err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // read to the end, or the connection is not kept
	_ = res.Body.Close()
}

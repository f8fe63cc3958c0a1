package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// read is one response of server-sent events, of the client's only stream.
func (c *chaosClient) read(ctx context.Context) error {
	s := c.streams[0]
	request, err := c.request(ctx, s)
	if err != nil {
		return err
	}
	r, err := openReader(&http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}, request)
	if err != nil {
		return err
	}
	defer r.leave()
	c.connected(func() { r.response.Body.Close() })
	if !c.kind.resumes() {
		c.began(s)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-r.events:
			if !ok {
				return errStreamEnded
			}
			c.event(s, e.name, string(e.data), e.id)
		}
	}
}

func (c *chaosClient) request(ctx context.Context, s *followedStream) (*http.Request, error) {
	q := url.Values{}
	if s.tag != "" {
		q.Set("tag", s.tag)
	}
	if c.kind.resumes() {
		q.Set("event_ids", "true")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.stack.Edge+"/api/v1/streaming/"+strings.ReplaceAll(s.stream, ":", "/")+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if s.last != "" {
		request.Header.Set("Last-Event-ID", s.last)
	}
	return request, nil
}

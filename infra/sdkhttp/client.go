// Package sdkhttp is the HTTP client that this program and its tests give the AWS SDK.
//
// The SDK closes a request's body as soon as the response has begun, and the closed body then says
// io.EOF to net/http's last look behind its end. From io.Writer's point of view that is an error of
// the request, so the connection is closed while the response is being read, and a large response
// fails now and then ("use of closed network connection"). It takes a server that answers within
// microseconds, as one on the same machine does. A body that can only be read has no such end.
package sdkhttp

import (
	"io"
	"net/http"
)

// Client is an HTTP client for aws.Config. Its connections are the transport's.
func Client(transport *http.Transport) *http.Client {
	return &http.Client{Transport: readers{transport}}
}

// readers sends requests whose bodies can only be read and closed.
type readers struct{ to http.RoundTripper }

func (r readers) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		return r.to.RoundTrip(request)
	}
	same := *request
	same.Body = struct{ io.ReadCloser }{request.Body}
	return r.to.RoundTrip(&same)
}

package sdkhttp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// closed is a body that was closed too early, as the SDK's: it ends when it is read, and fails when
// it is asked to write itself.
type closed struct{ io.Reader }

func (closed) Close() error                     { return nil }
func (closed) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

func TestABodyIsOnlyRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closed{strings.NewReader("text")})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 4
	response, err := Client(transport).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "text" {
		t.Errorf("got %q, %v", body, err)
	}
}

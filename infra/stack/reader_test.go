package stack_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// event is a server-sent event.
type event struct{ name, data, id string }

// reader is a client of server-sent events, as narrow as the narrowest real one.
type reader struct {
	t        *testing.T
	response *http.Response
	// cut ends the connection from the client's side.
	cut    context.CancelFunc
	events chan event
	// ended is why there are no more events, once the channel is closed: nil if the server ended
	// the response in good order.
	ended error
	// comments and retries are how many there were; to be read when the channel is closed.
	comments, retries int
}

// path is that of a stream, with the parameters that it takes.
func path(stream, tag, list string) string {
	name, media := strings.CutSuffix(stream, ":media")
	q := url.Values{}
	switch {
	case media:
		q.Set("only_media", "true")
	case strings.HasPrefix(stream, "hashtag"):
		q.Set("tag", tag)
	case stream == "list":
		q.Set("list", list)
	}
	return "/" + strings.ReplaceAll(name, ":", "/") + "?" + q.Encode()
}

// read opens a stream for a token of its own, with which the response ends.
func (w *world) read(t *testing.T, account, path string) *reader {
	t.Helper()
	return w.listen(t, w.reading(t, account), path, nil)
}

// reading is a token that is revoked when the test ends, and with it the responses that it has:
// nobody tells them that the client is gone.
func (w *world) reading(t *testing.T, account string) (token string) {
	t.Helper()
	token = w.token(t, account, "read")
	t.Cleanup(func() { w.revoke(t, token) })
	return token
}

// revoke deletes the token's row.
func (w *world) revoke(t *testing.T, token string) {
	t.Helper()
	_, err := w.db.DeleteItem(context.WithoutCancel(t.Context()), &dynamodb.DeleteItemInput{
		TableName: aws.String("Accounts"), Key: row{"key": "token#" + hash(token)}.item()})
	if err != nil {
		t.Error(err)
	}
}

// listen opens a stream, which must be accepted, until the test ends.
func (w *world) listen(t *testing.T, token, path string, header http.Header) *reader {
	t.Helper()
	r, response, err := w.tryListen(t, token, path, header)
	if err != nil {
		t.Fatal(err)
	}
	if response != nil {
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		t.Fatalf("reading %s: %s %s", path, response.Status, body)
	}
	return r
}

// tryListen opens a stream, or returns what was answered instead.
func (w *world) tryListen(t *testing.T, token, path string, header http.Header) (*reader, *http.Response, error) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Edge+streaming+path, nil)
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := w.http.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, response, err
	}
	r := &reader{t: t, response: response, cut: cancel, events: make(chan event, 256)}
	lines := bufio.NewReader(response.Body)
	if hello, err := lines.ReadString('\n'); err != nil || hello != ":)\n" {
		response.Body.Close()
		return nil, nil, fmt.Errorf("the body begins with %q, %w", hello, err)
	}
	r.start(ctx, lines)
	return r, nil, nil
}

// start follows the stream until the test ends.
func (r *reader) start(ctx context.Context, lines *bufio.Reader) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer close(r.events)
		defer r.response.Body.Close()
		r.ended = r.follow(ctx, lines)
	}()
	r.t.Cleanup(func() { r.cut(); <-over })
}

// follow decodes the stream to its end.
func (r *reader) follow(ctx context.Context, lines *bufio.Reader) error {
	for {
		e, err := r.decode(lines)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		select {
		case r.events <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errForm = errors.New("no client would read this")

// decode reads one event: the name, one line of data, the id, in this order, and an empty line.
func (r *reader) decode(lines *bufio.Reader) (e event, err error) {
	fields := 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if line != "" || fields > 0 {
				err = errors.Join(io.ErrUnexpectedEOF, err)
			}
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == ":thump" && fields == 0 {
			r.comments++
			continue
		}
		if line == "" && fields >= 2 {
			return e, nil
		}
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case ok && name == "retry" && fields == 0:
			r.retries++
			continue
		case ok && name == "event" && fields == 0:
			e.name = value
		case ok && name == "data" && fields == 1:
			e.data = value
		case ok && name == "id" && fields == 2:
			e.id = value
		default:
			return e, fmt.Errorf("%w: %q after %d fields", errForm, line, fields)
		}
		fields++
	}
}

// next is the next event, which must come.
func (r *reader) next() event {
	r.t.Helper()
	select {
	case e, ok := <-r.events:
		if !ok {
			r.t.Fatalf("the stream has ended: %v", r.ended)
		}
		return e
	case <-time.After(patience):
		r.t.Fatal("no event comes")
	}
	return event{}
}

// expect reads as many events, which must have these names and data, and returns the last one's id.
func (r *reader) expect(events ...event) (id string) {
	r.t.Helper()
	for i, want := range events {
		got := r.next()
		if id = got.id; id == "" {
			r.t.Errorf("event %d has no id", i)
		}
		if want.id = got.id; got != want {
			r.t.Fatalf("event %d is\n%v\nwant\n%v", i, got, want)
		}
	}
	return id
}

// over reads to the end of the stream, which must come, and returns what is left and whether the
// server ended it in good order.
func (r *reader) over() (left []event, planned bool) {
	r.t.Helper()
	for limit := time.After(patience); ; {
		select {
		case e, ok := <-r.events:
			if !ok {
				return left, r.ended == nil
			}
			left = append(left, e)
		case <-limit:
			r.t.Fatal("the stream does not end")
		}
	}
}

package viewer

import (
	"context"
	"errors"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

func TestWhatAStreamShowsOfAStatus(t *testing.T) {
	const blocked, matching, plain = `{"account":{"id":"9"}}`, `{"content":"<p>a spoiler</p>"}`, `{"content":"x"}`
	both := Data{Blocks: []string{"9"}, Filters: []Filter{{ID: "1", Keywords: []Keyword{{Keyword: "spoiler"}}}}}
	blocks := Data{Blocks: []string{"9"}}
	result := string(New(both).Judge(mustRead(t, matching), time.Now()).Filtered)
	for _, c := range []struct {
		stream.Name
		event, payload string
		data           Data
		want           string // "": not shown
	}{
		{stream.Public, "update", blocked, both, ""},
		{stream.HashtagLocal, "status.update", blocked, blocks, ""},
		{stream.User, "update", blocked, both, `{"account":{"id":"9"},"filtered":[]}`},
		{stream.List, "status.update", blocked, both, `{"account":{"id":"9"},"filtered":[]}`},
		{stream.List, "update", blocked, blocks, blocked},
		{stream.UserNotification, "status.update", blocked, both, blocked},
		{stream.Direct, "update", blocked, both, blocked},
		{stream.Public, "update", plain, both, `{"content":"x","filtered":[]}`},
		{stream.Public, "update", matching, both, `{"content":"<p>a spoiler</p>","filtered":` + result + `}`},
		{stream.Public, "update", plain, blocks, plain},
		{stream.Public, "update", blocked, Data{}, blocked},
		{stream.Public, "delete", "9", both, "9"},
		{stream.Public, "something", blocked, both, blocked},
		{stream.Public, "update", "no status", blocks, ""},
		{stream.Hashtag, "update", `["account"]`, both, ""},
		{stream.User, "update", "no status", both, "no status"},
		{stream.List, "update", "", both, ""},
	} {
		m := stream.Message{Event: c.event, Payload: []byte(c.payload)}
		got, show := Render(c.Name, m, New(c.data), time.Now())
		if string(got) != c.want && show || show != (c.want != "" || c.payload == "") {
			t.Errorf("%s %s %s: %q, %v, want %q", c.Name, c.event, c.payload, got, show, c.want)
		}
	}
}

func mustRead(t *testing.T, payload string) *Status {
	t.Helper()
	s, err := ReadStatus([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// table is a Source of one account.
type table struct {
	Data
	err   error
	reads int
}

func (s *table) Viewers(context.Context, []string) (map[string]*Viewer, error) {
	s.reads++
	if s.err != nil {
		return nil, s.err
	}
	return map[string]*Viewer{"1": New(s.Data)}, nil
}

func TestACacheRendersForAListener(t *testing.T) {
	source := &table{Data: Data{Blocks: []string{"9"}}}
	c := NewCache(source, time.Minute, 1000)
	l := stream.Listener{Subscription: stream.Subscription{Stream: stream.Public}, Account: "1"}
	m := stream.Message{Event: "update", Payload: []byte(`{"account":{"id":"9"}}`)}
	if _, show, err := c.Render(t.Context(), l, m); !show || err != nil || source.reads != 0 {
		t.Errorf("an account that filters nothing: %v, %v, %d reads", show, err, source.reads)
	}
	l.Viewer = "version"
	if _, show, err := c.Render(t.Context(), l, m); show || err != nil || source.reads != 1 {
		t.Errorf("an author that is blocked: %v, %v, %d reads", show, err, source.reads)
	}
	l.Viewer, source.err = "other", errors.New("throttled")
	if _, show, err := c.Render(t.Context(), l, m); show || !errors.Is(err, source.err) {
		t.Errorf("an account that cannot be read: %v, %v", show, err)
	}
	m.Event = "delete"
	if got, show, err := c.Render(t.Context(), l, m); !show || err != nil || string(got.Payload) != string(m.Payload) {
		t.Errorf("a delete: %v, %v", show, err)
	}
}

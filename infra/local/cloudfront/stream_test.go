package cloudfront

import (
	"io"
	"net/http"
	"testing"
	"time"
)

func TestAStreamsHeadersDoNotWaitForItsFirstPiece(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, identity, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, "end")
	}, Options{})
	response, err := r.front.Client().Get(r.front.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	close(release)
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "end" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAnAnswerMayComeBeforeTheRequestsEnd(t *testing.T) {
	r := newRig(t, identity, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_, _ = io.CopyN(w, r.Body, 2)
		_ = control.Flush()
		_, _ = io.Copy(w, r.Body)
	}, Options{})
	sent, body := io.Pipe()
	q, err := http.NewRequestWithContext(t.Context(), "POST", r.front.URL, sent)
	if err != nil {
		t.Fatal(err)
	}
	q.ContentLength = 4
	go func() { _, _ = io.WriteString(body, "ab") }()
	response, err := r.front.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	go func() { _, _ = io.WriteString(body, "cd"); _ = body.Close() }()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != "abcd" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAStreamThatItsOriginCutsIsCutForTheViewer(t *testing.T) {
	r := newRig(t, identity, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, Options{})
	response, err := r.front.Client().Get(r.front.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err == nil || string(body) != "half" {
		t.Errorf("%q, %v: want half of it and then a cut", body, err)
	}
}

// TestAnOriginsOwnTimeoutDecides streams with pauses longer than the usual timeout.
func TestAnOriginsOwnTimeoutDecides(t *testing.T) {
	const usual = 20 * time.Millisecond
	d := Distribution{
		Origins:   map[string]Origin{"o": {DomainName: "o.example", ResponseTimeout: time.Minute}},
		Behaviors: []Behavior{{PathPattern: "*", Origin: "o", OriginRequestPolicy: AllViewerExceptHostHeader, CachePolicy: CachingDisabled}},
	}
	r := newRigOf(t, d, func(w http.ResponseWriter, _ *http.Request) {
		for _, piece := range []string{"a", "b", "c"} {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(2 * usual)
		}
	}, Options{ResponseTimeout: usual})
	if response, body := r.do(t, "GET", "/", ""); response.StatusCode != 200 || body != "abc" {
		t.Errorf("%d %q", response.StatusCode, body)
	}
	if got := r.OriginOf("/any"); got.DomainName != "o.example" {
		t.Errorf("the origin is %+v", got)
	}
}

package apigateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkPost hands 1 KB posts to ServeHTTP, round robin over 1,000 sockets whose
// clients read and throw away.
func BenchmarkPost(b *testing.B) {
	r := newRig(b, testAPI(), Options{})
	for range 1000 {
		socket := dialRaw(b, r, "")
		socket.response(b)
		_ = socket.SetDeadline(noDeadline)
		go func() { _, _ = io.Copy(io.Discard, socket) }()
	}
	var paths []string
	for _, c := range r.List() {
		paths = append(paths, "http://gateway/prod/@connections/"+strings.ReplaceAll(c.ID, "=", "%3D"))
	}
	var turn, refused atomic.Int64
	body := strings.Repeat("x", 1024)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		reader := strings.NewReader(body)
		requests := make([]*http.Request, len(paths))
		for i, path := range paths {
			requests[i] = signed("POST", path, "")
			requests[i].Body, requests[i].ContentLength = io.NopCloser(reader), int64(len(body))
		}
		for pb.Next() {
			reader.Reset(body)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, requests[int(turn.Add(1))%len(paths)])
			if w.Code != http.StatusOK {
				refused.Add(1)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
	if n := refused.Load(); n > 0 {
		b.Errorf("%d of %d posts were refused", n, b.N)
	}
}

// BenchmarkIdleSocket measures what one open, quiet socket keeps in memory, its client
// included.
func BenchmarkIdleSocket(b *testing.B) {
	r := newRig(b, testAPI(), Options{})
	const sockets = 2000
	for b.Loop() {
		before := liveBytes()
		var list []*rawSocket
		for range sockets {
			socket := dialRaw(b, r, "")
			socket.response(b)
			list = append(list, socket)
		}
		b.ReportMetric(float64(liveBytes()-before)/sockets, "bytes/socket")
		for _, socket := range list {
			_ = socket.Close()
		}
		eventually(b, "all are gone", func() bool { return len(r.List()) == 0 })
	}
}

func liveBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

package lambda

import (
	"context"
	"fmt"
	"testing"
)

func benchService(b *testing.B) *Service {
	s, err := New(Options{Root: moduleRoot(), CacheDir: cache}, []Function{probe()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close(context.Background()) })
	if err := s.Build(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkWarmInvoke is one synchronous invocation of a running instance.
func BenchmarkWarmInvoke(b *testing.B) {
	s := benchService(b)
	event := order{Do: "echo"}.json()
	for b.Loop() {
		if _, err := s.Invoke(b.Context(), "probe", event); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColdInvoke starts a process for each invocation.
func BenchmarkColdInvoke(b *testing.B) {
	s := benchService(b)
	p := s.pools["probe"]
	event := order{Do: "echo"}.json()
	for b.Loop() {
		if _, err := s.Invoke(b.Context(), "probe", event); err != nil {
			b.Fatal(err)
		}
		p.mu.Lock()
		p.stopUnused()
		p.mu.Unlock()
	}
}

// BenchmarkBuildUpToDate is Build when nothing has changed, as at most starts.
func BenchmarkBuildUpToDate(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("programs=%d", n), func(b *testing.B) {
			var functions []Function
			for _, name := range []string{"probe", "pieces", "nostart"}[:n] {
				functions = append(functions, Function{Name: name, Dir: program(name)})
			}
			s, err := New(Options{Root: moduleRoot(), CacheDir: cache}, functions)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			for b.Loop() {
				if err := s.Build(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

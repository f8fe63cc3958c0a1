package cloudfront

import (
	"path"
	"strings"
	"testing"
)

func TestPathPatternsMatchAsCloudFrontDoes(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"*", "/", true}, {"*", "/any/thing", true}, {"/*", "/", true},
		{"/app/*", "/app/key", true}, {"/app/*", "/app/", true}, {"/app/*", "/app", false}, {"/app/*", "/apps/1", false},
		{"app/*", "/app/key", true}, {"/app/*", "/App/key", false}, {"/app/*", "/x/app/key", false},
		{"/api/v1/streaming", "/api/v1/streaming", true}, {"/api/v1/streaming", "/api/v1/streaming/", false},
		{"/items*", "/items", true}, {"/items*", "/items/7", true}, {"/items*", "/itemsy", true},
		{"*.jpg", "/a/b.jpg", true}, {"*.jpg", "/a/b.jpg2", false}, {"/*/b/*.js", "/a/x/b/y/z.js", true},
		{"/a??d", "/abcd", true}, {"/a??d", "/abd", false}, {"/a?", "/a", false}, {"/?", "/", false},
		{"/a*b*c", "/aXbXbXc", true}, {"/a*b*c", "/aXbXbX", false}, {"/a**", "/a", true},
		{"/a.c", "/abc", false}, {"/a[b]", "/ab", false}, {"/a+", "/aa", false}, {"/", "/", true},
		{"/" + strings.Repeat("*a", 50), "/" + strings.Repeat("a", 5000) + "b", false},
	}
	for _, tt := range tests {
		if got := matchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%.30q on %.30q: %v, want %v", tt.pattern, tt.path, got, tt.want)
		}
	}
}

func TestPathsAreNormalizedBeforeTheyAreMatched(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b": "/a/b", "/%61pp/x": "/app/x", "/a%2fb": "/a%2Fb", "/%7Euser": "/~user", "/%zz": "/%zz", "/%4": "/%4",
		"/a/../b": "/b", "/a/./b": "/a/b", "/../../x": "/x", "/a/..": "/", "/a/b/.": "/a/b/", "/a/%2e%2e/b": "/b", "/.hidden": "/.hidden", "/a//b": "/a//b",
	} {
		if got := normalize(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// FuzzMatchPath compares with path.Match where the two languages agree.
func FuzzMatchPath(f *testing.F) {
	f.Add("/app/*", "/app/key")
	f.Add("/a*b?c", "/aXXbYc")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := matchPath(pattern, name)
		if strings.ContainsAny(pattern, `[]\`) || strings.Contains(name, "/") || !isASCII(pattern+name) {
			return
		}
		want, err := path.Match(pattern, name)
		if strings.HasPrefix(pattern, "*") && err == nil && got != want {
			t.Errorf("%q on %q: %v, want %v", pattern, name, got, want)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

func FuzzNormalize(f *testing.F) {
	f.Add("/a/%2e%2e/b/./c%41")
	f.Fuzz(func(t *testing.T, escaped string) {
		once := removeDotSegments("/" + escaped)
		if again := removeDotSegments(once); again != once {
			t.Errorf("%q became %q, then %q", escaped, once, again)
		}
		if got := normalize("/" + escaped); len(got) > len(escaped)+1 || !strings.HasPrefix(got, "/") {
			t.Errorf("%q became %q", escaped, got)
		}
	})
}

package cloudfront

import (
	"strings"
)

// matchPath reports whether a path pattern covers a path. * stands for any characters,
// ? for exactly one, everything else for itself. The slash at the beginning of a
// pattern is optional.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func matchPath(pattern, path string) bool {
	if !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*") {
		pattern = "/" + pattern
	}
	p, s := 0, 0
	star, resume := -1, 0 // the last * and where it was tried to end
	for s < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, s
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == path[s]):
			p, s = p+1, s+1
		case star >= 0:
			resume++
			p, s = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// normalize is the path that patterns are matched with: escapes of plain letters
// undone, escapes in upper case, dot segments resolved. The origin gets the path as it came.
// https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
func normalize(escaped string) string {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c != '%' || i+2 >= len(escaped) || !isHexDigit(escaped[i+1]) || !isHexDigit(escaped[i+2]) {
			b.WriteByte(c)
			continue
		}
		if c = hexValue(escaped[i+1])<<4 | hexValue(escaped[i+2]); unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(escaped[i : i+3]))
		}
		i += 2
	}
	return removeDotSegments(b.String())
}

// https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path, "/")
	kept := segments[:0:0]
	for i, segment := range segments {
		switch last := i == len(segments)-1; {
		case segment != "." && segment != "..":
			kept = append(kept, segment)
			continue
		case segment == ".." && len(kept) > 1:
			kept = kept[:len(kept)-1]
			fallthrough
		default:
			if last {
				kept = append(kept, "")
			}
		}
	}
	return strings.Join(kept, "/")
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}

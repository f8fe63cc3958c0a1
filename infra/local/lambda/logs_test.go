package lambda

import (
	"slices"
	"strings"
	"testing"
)

func TestOutputIsCutIntoLines(t *testing.T) {
	long := strings.Repeat("x", maxLogLine)
	tests := []struct {
		name   string
		pieces []string
		want   []string
	}{
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}},
		{"a line in pieces", []string{"a", "b", "\n"}, []string{"ab"}},
		{"Windows line ends", []string{"a\r\n"}, []string{"a"}},
		{"an empty line", []string{"\n"}, []string{""}},
		{"no line end at the end", []string{"a\nb"}, []string{"a", "b"}},
		{"a line that is too long", []string{long + "y\nz\n"}, []string{long, "y", "z"}},
		{"bytes that are no text", []string{"\xff\x00\n"}, []string{"\xff\x00"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			l, output, err := newLogPipe(func(line string, _ *invocation) { got = append(got, line) })
			if err != nil {
				t.Fatal(err)
			}
			for _, piece := range test.pieces {
				if _, err := output.WriteString(piece); err != nil {
					t.Fatal(err)
				}
			}
			output.Close()
			l.close()
			if !slices.Equal(got, test.want) {
				t.Errorf("%d lines: %.100q", len(got), got)
			}
		})
	}
}

func TestTheTailOfALogIsFourKilobytes(t *testing.T) {
	var log tail
	for range 1000 {
		log.add("some line")
	}
	log.add("the last")
	if got := string(log.bytes()); len(got) != maxLogTail || !strings.HasSuffix(got, "some line\nthe last\n") {
		t.Errorf("%d bytes: …%q", len(got), got[max(0, len(got)-30):])
	}
}

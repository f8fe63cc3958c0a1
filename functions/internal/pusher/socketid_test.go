package pusher_test

import (
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func TestASocketIDIsTwoNumbers(t *testing.T) {
	own := stream.Connection{ID: "L0SM9cOFvHcCIhw=", ConnectedAt: time.UnixMilli(1_700_000_000_000)}.SocketID()
	for text, want := range map[string]bool{
		own: true, "1.2": true, "123456.7890": true,
		"": false, "1": false, ".": false, "1.": false, ".2": false, "1.2.3": false, "1,2": false, "-1.2": false, " 1.2": false,
		"1.2\n": false, "1.2:": false, "1.2::user::{}": false, "a.b": false, "٣.٤": false, strings.Repeat("1", 63) + ".2": false,
	} {
		if pusher.IsSocketID(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

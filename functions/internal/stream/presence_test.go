package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestAListThatNoFrameHoldsIsToldInParts: whatever members tell of themselves, a newcomer ends with all of
// them, its own user from the beginning, and no frame is too large.
func TestAListThatNoFrameHoldsIsToldInParts(t *testing.T) {
	for about, whole := range map[string]bool{
		`{"name":"` + strings.Repeat("x", 900) + `"}`:  true,
		`{` + strings.Repeat(`"":"",`, 160) + `"":""}`: false,
		`"` + strings.Repeat(`\\\\`, 240) + `"`:        false,
		"[" + strings.Repeat("\n\t", 500) + "]":        false,
	} {
		var seats []string
		for i := range 100 {
			seats = append(seats, fmt.Sprintf("u%d c%d %d", i, i, i))
		}
		before, now := on("presence-cache-x", seats[:99]...), on("presence-cache-x", seats...)
		for user, m := range now.Members {
			m.Info = about
			now.Members[user] = m
		}
		messages, err := modified(before, now).Messages()
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for i, m := range messages[1:] {
			if m.Only != "c99" || m.Part != i+1 {
				t.Fatalf("%s for %q in part %d", m.Event, m.Only, m.Part)
			}
			if text, _ := json.Marshal(string(m.Payload)); len(text) > 128<<10-200 {
				t.Errorf("a frame of %d bytes", len(text))
			}
			told := tell(t, known, m)
			if i == 0 && (!known["u99"] || (told == 100) != whole || told < 30) {
				t.Errorf("the list of %.20s has %d", about, told)
			}
		}
		if last := messages[len(messages)-1]; len(known) != 100 || last.Event != EventCacheMiss {
			t.Errorf("%d are known in the end, and then %s", len(known), last.Event)
		}
	}
}

// tell notes whom the message names, and returns how many are known.
func tell(t *testing.T, known map[string]bool, m Message) int {
	var body struct {
		User     string `json:"user_id"`
		Presence struct{ IDs []string }
	}
	if m.Payload != nil {
		if err := json.Unmarshal(m.Payload, &body); err != nil {
			t.Fatal(err)
		}
	}
	if body.User != "" {
		body.Presence.IDs = []string{body.User}
	}
	for _, user := range body.Presence.IDs {
		if known[user] {
			t.Errorf("%s is told twice", user)
		}
		known[user] = true
	}
	if m.Event == EventSubscribed && !slices.Equal(body.Presence.IDs[len(body.Presence.IDs)-1:], []string{"u99"}) {
		t.Error("the newcomer is not the last of the list")
	}
	return len(known)
}

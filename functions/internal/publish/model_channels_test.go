package publish

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// due are the frames that a connection gets in one of its lives.
func (p *play) due(l *life) (frames []string) {
	last := ""
	for i, c := range p.records {
		n := i + 1
		if c.Owner != stream.Owner("4072", l.channel) || l.to != 0 && n >= l.to {
			continue
		}
		said := ""
		if c.New != nil && c.New.Payload != nil {
			var e struct{ Name, Data string }
			_ = json.Unmarshal(c.New.Payload, &e)
			if said = e.Name + " " + e.Data; n < l.from && c.New.Kind == "event" {
				last = said
			}
		}
		switch {
		case n < l.from:
		case said != "":
			frames = append(frames, said)
		case n == l.from:
			frames = append(frames, p.welcome(l, last)...)
		default:
			frames = append(frames, p.news(c)...)
		}
	}
	return frames
}

func (p *play) welcome(l *life, last string) []string {
	_, text, _ := strings.Cut(welcomed(l.channel, users(p.records[l.from-1].New)...), " ")
	switch {
	case l.channel == room:
		return []string{text}
	case last == "":
		return []string{text, stream.EventCacheMiss + " "}
	}
	return []string{text, last}
}

// news are the members that a change of a roster announces.
func (p *play) news(c stream.Change) (frames []string) {
	if c.New == nil || c.New.Kind != stream.KindRoster {
		return nil
	}
	was, is := users(c.Old), users(c.New)
	for _, u := range was {
		if !slices.Contains(is, u) {
			frames = append(frames, stream.EventMemberRemoved+` {"user_id":"`+u+`"}`)
		}
	}
	for _, u := range is {
		if !slices.Contains(was, u) {
			frames = append(frames, stream.EventMemberAdded+` {"user_id":"`+u+`","user_info":null}`)
		}
	}
	return frames
}

// users are those on a roster, who came first first.
func users(roster *stream.Item) []string {
	if roster == nil {
		return nil
	}
	first := map[string]time.Time{}
	for u, m := range roster.Members {
		for _, at := range m.Connections {
			if was, ok := first[u]; !ok || at.Before(was) {
				first[u] = at
			}
		}
	}
	return slices.SortedFunc(maps.Keys(first), func(a, b string) int { return first[a].Compare(first[b]) })
}

// compare sets what a connection that stays knows in the end against the truth, when frames may have
// come twice: who is there, and what was said last; and that it missed nothing, in order.
func (p *play) compare(l *life, frames []string) string {
	list, said := follow(frames)
	if roster := p.rosters[l.channel]; roster != nil {
		want := users(roster)
		slices.Sort(want)
		if !slices.Equal(list, want) {
			return fmt.Sprintf("knows %v, there are %v", list, want)
		}
	}
	var due []string
	for _, frame := range p.due(l) {
		if !strings.HasPrefix(frame, "pusher") {
			due = append(due, frame)
		}
	}
	if len(due) > 0 && said[len(said)-1] != due[len(due)-1] {
		return "heard last what was not said last"
	}
	for _, frame := range said { // each for the first time, in order
		if len(due) > 0 && frame == due[0] {
			due = due[1:]
		}
	}
	if len(due) > 0 {
		return fmt.Sprintf("never heard %q in order", due)
	}
	return ""
}

// follow is what a browser knows after these frames: who is there, and what was said.
func follow(frames []string) (list, said []string) {
	here := map[string]bool{}
	for _, frame := range frames {
		event, payload, _ := strings.Cut(frame, " ")
		var body struct {
			User     string `json:"user_id"`
			Presence struct{ IDs []string }
		}
		if strings.HasPrefix(event, "pusher_") {
			_ = json.Unmarshal([]byte(payload), &body)
		}
		switch event {
		case stream.EventSubscribed:
			clear(here)
			for _, u := range body.Presence.IDs {
				here[u] = true
			}
		case stream.EventMemberAdded:
			here[body.User] = true
		case stream.EventMemberRemoved:
			delete(here, body.User)
		case stream.EventCacheMiss:
		default:
			said = append(said, frame)
		}
	}
	return slices.Sorted(maps.Keys(here)), said
}

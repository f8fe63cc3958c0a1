package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// said is the frame of a letter on a channel.
func said(l letter, channel string) []byte {
	data, _ := json.Marshal(l)
	frame, _ := json.Marshal(map[string]string{"event": "said", "channel": channel, "data": string(data)})
	return frame
}

func TestWhatASocketHearsIsChecked(t *testing.T) {
	mail := func(client, n int) []byte { return said(letter{1, client, n}, "bench-0") }
	for _, test := range []struct {
		name                                  string
		came                                  [][]byte
		delivered, left, extra, late, strange int
	}{
		{"everything, clients mixed", [][]byte{mail(1, 0), mail(0, 0), mail(0, 1), mail(1, 1)}, 4, 0, 0, 0, 0},
		{"one is missing", [][]byte{mail(0, 0), mail(0, 1), mail(1, 1)}, 3, 1, 0, 0, 0},
		{"one came twice", [][]byte{mail(0, 0), mail(0, 0), mail(0, 1), mail(1, 0), mail(1, 1)}, 4, 0, 1, 0, 0},
		{"one came late", [][]byte{mail(0, 1), mail(0, 0), mail(1, 0), mail(1, 1)}, 4, 0, 0, 1, 0},
		{"one of another round", [][]byte{said(letter{0, 0, 0}, "bench-0")}, 0, 4, 1, 0, 0},
		{"one that nobody sent", [][]byte{mail(2, 0), mail(0, 2)}, 0, 4, 2, 0, 0},
		{"one on another channel", [][]byte{said(letter{1, 0, 0}, "bench-1")}, 0, 4, 1, 0, 0},
		{"another frame", [][]byte{[]byte(`{"event":"pusher:error","data":{"code":4201}}`), []byte("x")}, 0, 4, 0, 0, 2},
	} {
		h := newHearing(single, 1, 2, 2)
		for client := range 2 {
			for n := range 2 {
				h.sends(letter{1, client, n})
			}
		}
		done := false
		for _, frame := range test.came {
			done = h.take(frame, time.Now())
		}
		got := fmt.Sprint(h.delivered, h.left, h.extra, h.disorder, h.wrong, done)
		if want := fmt.Sprint(test.delivered, test.left, test.extra, test.late, test.strange, test.left == 0); got != want {
			t.Errorf("%s: %s, want %s", test.name, got, want)
		}
	}
}

// On many channels a client's events are in order on each alone.
func TestOrderIsOfAChannel(t *testing.T) {
	h := newHearing(everywhere, 1, 1, 2)
	if h.left != 2*spread {
		t.Errorf("%d are to come", h.left)
	}
	h.sends(letter{1, 0, 0})
	h.sends(letter{1, 0, 1})
	for _, frame := range [][]byte{said(letter{1, 0, 1}, "bench-1"), said(letter{1, 0, 0}, "bench-2"), said(letter{1, 0, 1}, "bench-2")} {
		h.take(frame, time.Now())
	}
	if h.disorder != 0 || h.delivered != 3 {
		t.Errorf("%+v", h.outcome)
	}
	if h.take(said(letter{1, 0, 0}, "bench-1"), time.Now()); h.disorder != 1 {
		t.Error("an event that was overtaken is in order")
	}
}

func TestEveryChannelIsUsed(t *testing.T) {
	used := map[string]bool{}
	for client := range 8 {
		for n := range spread {
			for _, channel := range scattered.to(client, n) {
				used[channel] = true
			}
		}
	}
	if len(used) != spread || !slices.Equal(everywhere.to(3, 4), scattered.channels()) || !slices.Equal(single.to(3, 4), []string{"bench-0"}) {
		t.Errorf("%d channels", len(used))
	}
}

func TestAnEventIsAboutHalfAKilobyte(t *testing.T) {
	body, err := letter{3, 2, 1}.event([]string{"c"})
	if err != nil || len(body) < 450 || len(body) > 600 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestASlowGreetingFails(t *testing.T) {
	g := newGreetings()
	g.add(greeted{time.Millisecond, 20 * time.Millisecond})
	if err := g.within(time.Second); err != nil || g.ratio() < 15 || g.ratio() > 25 {
		t.Errorf("%v, ratio %v", err, g.ratio())
	}
	g.add(greeted{time.Millisecond, 2 * time.Second})
	if g.within(time.Second) == nil {
		t.Error("two seconds are within one")
	}
}

package main

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// hearing checks what a socket hears of one round of publishes.
type hearing struct {
	routing
	round, clients, each int
	began                time.Time

	mu   sync.Mutex
	left int
	// sent is when each letter was sent.
	sent map[letter]time.Time
	seen map[copyOf]bool
	// newest is the last of a client's events that came on a channel.
	newest map[copyOf]int
	outcome
}

// copyOf is a letter as it comes on one channel.
type copyOf struct {
	letter
	channel string
}

func newHearing(r routing, round, clients, each int) *hearing {
	return &hearing{routing: r, round: round, clients: clients, each: each, began: time.Now(), left: clients * each * len(r.to(0, 0)),
		sent: map[letter]time.Time{}, seen: map[copyOf]bool{}, newest: map[copyOf]int{}, outcome: newOutcome()}
}

// sends notes that a letter is about to be sent.
func (h *hearing) sends(l letter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[l] = time.Now()
}

// take takes a frame, and reports whether everything has come.
func (h *hearing) take(frame []byte, at time.Time) (done bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var f channelFrame
	var l letter
	if json.Unmarshal(frame, &f) != nil || f.Event != "said" || json.Unmarshal([]byte(f.text()), &l) != nil {
		h.wrong++
		return h.left == 0
	}
	came := copyOf{l, f.Channel}
	sent, known := h.sent[l]
	if !known || h.seen[came] || !slices.Contains(h.to(l.Client, l.N), f.Channel) {
		h.extra++
		return h.left == 0
	}
	h.seen[came] = true
	h.left--
	h.delivered++
	h.record(at.Sub(sent))
	lane := copyOf{letter{Client: l.Client}, f.Channel}
	if before, any := h.newest[lane]; any && l.N < before {
		h.disorder++
	}
	h.newest[lane] = max(h.newest[lane], l.N)
	return h.left == 0
}

// follow reads until everything has come, or the socket falls silent.
func (h *hearing) follow(ctx context.Context, s *subscriber) {
	defer func() { h.took, h.lost = time.Since(h.began), h.left }()
	for done := h.left == 0; !done; {
		ctx, cancel := context.WithTimeout(ctx, silence)
		frame, at, err := s.next(ctx)
		cancel()
		if err != nil {
			return
		}
		done = h.take(frame, at)
	}
}

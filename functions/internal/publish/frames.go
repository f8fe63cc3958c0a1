package publish

import (
	"bytes"
	"sync"
	"sync/atomic"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/viewer"
)

// frames are the encodings of one message, and what there is to judge of it. Encodings with results
// of filters are kept apart: few share them, and they must not take the places of the others.
type frames struct {
	common, matched shelf
	reading         sync.Once
	status          *viewer.Status // nil: it cannot be read
}

// maxFrames is how many encodings of one message a shelf keeps. There are a dozen streams; only
// clients that spell a tag in their own way need more, and those must not fill the memory.
const maxFrames = 48

// shelf holds encodings. Reading takes no lock.
type shelf struct {
	known atomic.Pointer[[]frame]
	adds  sync.Mutex
}

// frame is a message as it is written for a subscription as the client named it, and with the
// results of its viewer's filters; nil: without.
type frame struct {
	of       stream.Subscription
	filtered []byte
	bytes    []byte
}

func (f *frames) get(of *stream.Subscription, filtered []byte, m *stream.Message, encode Encoder) []byte {
	s := &f.common
	if len(filtered) > len("[]") {
		s = &f.matched
	}
	known, full := s.find(of, filtered)
	switch {
	case known != nil:
		return known.bytes
	case full:
		return write(*of, filtered, m, encode)
	}
	s.adds.Lock()
	defer s.adds.Unlock()
	if known, _ := s.find(of, filtered); known != nil {
		return known.bytes
	}
	written := write(*of, filtered, m, encode)
	s.add(frame{*of, filtered, written})
	return written
}

func write(of stream.Subscription, filtered []byte, m *stream.Message, encode Encoder) []byte {
	shown := *m
	if filtered != nil {
		shown.Payload = viewer.Attach(m.Payload, filtered)
	}
	return encode(of, shown)
}

// find returns the frame, or nil and whether there is no place for another.
func (s *shelf) find(of *stream.Subscription, filtered []byte) (known *frame, full bool) {
	p := s.known.Load()
	if p == nil {
		return nil, false
	}
	for i := range *p {
		one := &(*p)[i]
		if one.of == *of && (one.filtered == nil) == (filtered == nil) && bytes.Equal(one.filtered, filtered) {
			return one, false
		}
	}
	return nil, len(*p) == maxFrames
}

func (s *shelf) add(one frame) {
	var known []frame
	if p := s.known.Load(); p != nil {
		known = *p
	}
	if len(known) == maxFrames {
		return
	}
	known = append(known[:len(known):len(known)], one)
	s.known.Store(&known)
}

// sameContent reports whether two messages of one change say the same, to different topics.
func sameContent(a, b *stream.Message) bool {
	if a.Event != b.Event || a.User != b.User || len(a.Payload) != len(b.Payload) || (a.Payload == nil) != (b.Payload == nil) {
		return false
	}
	return len(a.Payload) == 0 || &a.Payload[0] == &b.Payload[0]
}

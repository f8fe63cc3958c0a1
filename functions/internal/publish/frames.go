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

// look is how a message is written: for a subscription as the client named it, and with the results
// of its viewer's filters; nil: without.
type look struct {
	of       stream.Subscription
	filtered []byte
}

// maxFrames is how many encodings of one message a shelf keeps. There are a dozen streams; only
// clients that spell a tag in their own way need more, and those must not fill the memory.
const maxFrames = 48

// shelf holds encodings. Reading takes no lock.
type shelf struct {
	known atomic.Pointer[[]frame]
	adds  sync.Mutex
}

type frame struct {
	look
	bytes []byte
}

func (f *frames) get(k look, m *stream.Message, encode Encoder) []byte {
	s := &f.common
	if len(k.filtered) > len("[]") {
		s = &f.matched
	}
	bytes, found, full := s.find(k)
	switch {
	case found:
		return bytes
	case full:
		return k.write(m, encode)
	}
	s.adds.Lock()
	defer s.adds.Unlock()
	if bytes, found, _ := s.find(k); found {
		return bytes
	}
	bytes = k.write(m, encode)
	s.add(frame{k, bytes})
	return bytes
}

func (k look) write(m *stream.Message, encode Encoder) []byte {
	shown := *m
	if k.filtered != nil {
		shown.Payload = viewer.Attach(m.Payload, k.filtered)
	}
	return encode(k.of, shown)
}

func (k look) same(o look) bool {
	return k.of == o.of && (k.filtered == nil) == (o.filtered == nil) && bytes.Equal(k.filtered, o.filtered)
}

func (s *shelf) find(k look) (bytes []byte, found, full bool) {
	known := s.known.Load()
	if known == nil {
		return nil, false, false
	}
	for i := range *known {
		if one := &(*known)[i]; one.same(k) {
			return one.bytes, true, false
		}
	}
	return nil, false, len(*known) == maxFrames
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
	if a.Event != b.Event || len(a.Payload) != len(b.Payload) || (a.Payload == nil) != (b.Payload == nil) {
		return false
	}
	return len(a.Payload) == 0 || &a.Payload[0] == &b.Payload[0]
}

package publish

import (
	"sync"
	"sync/atomic"

	"edgestream/functions/internal/stream"
)

// maxFrames is how many encodings of one message are kept. There are a dozen streams; only
// clients that spell a tag in their own way need more, and those must not fill the memory.
const maxFrames = 48

// frames are the encodings of one message, one per subscription as the client named it. Reading
// takes no lock.
type frames struct {
	known atomic.Pointer[[]frame]
	adds  sync.Mutex
}

type frame struct {
	of    stream.Subscription
	bytes []byte
}

func (f *frames) get(s stream.Subscription, m *stream.Message, encode Encoder) []byte {
	if bytes, ok := f.find(s); ok {
		return bytes
	}
	f.adds.Lock()
	defer f.adds.Unlock()
	if bytes, ok := f.find(s); ok {
		return bytes
	}
	bytes := encode(s, *m)
	f.add(frame{s, bytes})
	return bytes
}

func (f *frames) find(s stream.Subscription) ([]byte, bool) {
	known := f.known.Load()
	if known == nil {
		return nil, false
	}
	for i := range *known {
		if (*known)[i].of == s {
			return (*known)[i].bytes, true
		}
	}
	return nil, false
}

func (f *frames) add(one frame) {
	var known []frame
	if p := f.known.Load(); p != nil {
		known = *p
	}
	if len(known) == maxFrames {
		return
	}
	known = append(known[:len(known):len(known)], one)
	f.known.Store(&known)
}

// sameContent reports whether two messages of one change say the same, to different topics.
func sameContent(a, b *stream.Message) bool {
	if a.Event != b.Event || len(a.Payload) != len(b.Payload) || (a.Payload == nil) != (b.Payload == nil) {
		return false
	}
	return len(a.Payload) == 0 || &a.Payload[0] == &b.Payload[0]
}

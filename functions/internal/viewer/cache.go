package viewer

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Key is what a mapping says of its account's viewer.
type Key struct{ Account, Version string }

// Source reads viewers.
type Source interface {
	// Viewers reads what accounts filter, as of now: everything that was written before the call
	// is seen. An account that is absent filters nothing. With an error, the accounts in the map
	// could be read and the others could not.
	Viewers(ctx context.Context, accounts []string) (map[string]*Viewer, error)
}

// Cache keeps the viewers that were read last. It is safe for concurrent use.
type Cache struct {
	source Source
	maxAge time.Duration
	size   int

	mu      sync.Mutex
	weight  int
	entries map[Key]*list.Element // of *entry
	recent  *list.List            // the entry that was used last is in front
	flights map[Key]*flight
}

type entry struct {
	key    Key
	viewer *Viewer
	readAt time.Time
}

// unsettled is how long a viewer is kept at most that was read for another version: its account has
// changed and its mappings are about to. The account may go back to what the mappings still say.
const unsettled = time.Second

func (e *entry) fresh(maxAge time.Duration) bool {
	if e.viewer.Version() != e.key.Version {
		maxAge = min(maxAge, unsettled)
	}
	return time.Since(e.readAt) < maxAge
}

// nobody is the viewer of an account that filters nothing.
var nobody = New(Data{})

// NewCache keeps viewers of the source for maxAge at most (a minute is meant). size bounds the
// memory that they take, in ids, domains, languages and keywords of all viewers kept: about 100
// bytes each.
func NewCache(source Source, maxAge time.Duration, size int) *Cache {
	return &Cache{
		source: source, maxAge: maxAge, size: size,
		entries: map[Key]*list.Element{}, recent: list.New(), flights: map[Key]*flight{},
	}
}

// Get returns the viewers that are wanted, never nil: an account's data as it was, at most maxAge
// ago, read for this version or, a second ago at most, another one. All that are missing are read in one call of the source, and
// what another Get is reading is waited for.
//
// With an error, some could not be read. Of those, the ones of which an older reading is kept are
// in the map as they were then; the others are not in it, and what may be hidden from them is not known.
func (c *Cache) Get(ctx context.Context, wanted []Key) (map[Key]*Viewer, error) {
	got := make(map[Key]*Viewer, len(wanted))
	var failed error
	for len(wanted) > 0 {
		wait, own := c.look(wanted, got)
		if own != nil {
			c.read(ctx, own.flight, own.keys)
			wait[own.flight] = own.keys
		}
		wanted = nil
		for f, keys := range wait {
			again, err := c.land(ctx, f, keys, got)
			if err != nil {
				failed = err
			}
			wanted = append(wanted, again...)
		}
	}
	return got, failed
}

// look puts what is fresh into got. Of the rest it says which flights to wait for, and which one
// to make.
func (c *Cache) look(wanted []Key, got map[Key]*Viewer) (wait map[*flight][]Key, own *task) {
	wait = map[*flight][]Key{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range wanted {
		if e := c.use(key); e != nil && e.fresh(c.maxAge) {
			got[key] = e.viewer
			continue
		}
		switch f := c.flights[key]; {
		case f == nil:
			if own == nil {
				own = &task{flight: &flight{done: make(chan struct{})}}
			}
			c.flights[key] = own.flight
			own.keys = append(own.keys, key)
		case own == nil || f != own.flight: // else the key is wanted twice
			wait[f] = append(wait[f], key)
		}
	}
	return wait, own
}

// use is the key's entry, however old, or nil.
func (c *Cache) use(key Key) *entry {
	element := c.entries[key]
	if element == nil {
		return nil
	}
	c.recent.MoveToFront(element)
	return element.Value.(*entry)
}

func (c *Cache) store(f *flight, keys []Key, readAt time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.flights, key)
		if v, ok := f.of(key.Account); ok {
			c.remove(c.entries[key])
			c.entries[key] = c.recent.PushFront(&entry{key, v, readAt})
			c.weight += v.weight()
		}
	}
	for c.weight > c.size {
		c.remove(c.recent.Back())
	}
}

func (c *Cache) remove(element *list.Element) {
	if element == nil {
		return
	}
	e := c.recent.Remove(element).(*entry)
	delete(c.entries, e.key)
	c.weight -= e.viewer.weight()
}

package viewer

import (
	"context"
	"errors"
	"time"
)

// flight is one call of the source.
type flight struct {
	done chan struct{}
	// the rest may be read when done is closed
	found map[string]*Viewer
	err   error
	// abandoned says that the call failed because its caller's context had ended.
	abandoned bool
}

var errNoAnswer = errors.New("the source did not return")

// task is a flight that the caller has to make.
type task struct {
	flight *flight
	keys   []Key
}

// read makes the flight for these keys.
func (c *Cache) read(ctx context.Context, f *flight, keys []Key) {
	asked := make(map[string]bool, len(keys))
	var accounts []string
	for _, key := range keys {
		if !asked[key.Account] {
			asked[key.Account] = true
			accounts = append(accounts, key.Account)
		}
	}
	readAt := time.Now() // what is written from now on may be missing
	f.err = errNoAnswer
	defer func() { // also when the source panics: nobody waits for ever
		f.abandoned = f.err != nil && ctx.Err() != nil
		c.store(f, keys, readAt)
		close(f.done)
	}()
	f.found, f.err = c.source.Viewers(ctx, accounts)
}

// of is the account's viewer; false if it could not be read.
func (f *flight) of(account string) (*Viewer, bool) {
	v := f.found[account]
	switch {
	case v != nil:
		return v, true
	case f.err == nil:
		return nobody, true
	}
	return nil, false
}

// land waits for a flight and puts what it brought into got. It returns the keys to try again:
// those of a flight whose caller gave up.
func (c *Cache) land(ctx context.Context, f *flight, keys []Key, got map[Key]*Viewer) (again []Key, err error) {
	if !f.landed(ctx) {
		return nil, c.stale(keys, got, ctx.Err())
	}
	var missing []Key
	for _, key := range keys {
		if v, ok := f.of(key.Account); ok {
			got[key] = v
		} else {
			missing = append(missing, key)
		}
	}
	switch {
	case len(missing) == 0:
		return nil, nil
	case f.abandoned && ctx.Err() == nil:
		return missing, nil
	}
	return nil, c.stale(missing, got, f.err)
}

// landed waits until the flight has landed; false if ctx ended before.
func (f *flight) landed(ctx context.Context) bool {
	select {
	case <-f.done:
		return true
	default:
	}
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// stale puts what is kept of the keys into got, however old it is.
func (c *Cache) stale(keys []Key, got map[Key]*Viewer, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if e := c.use(key); e != nil {
			got[key] = e.viewer
		}
	}
	return err
}

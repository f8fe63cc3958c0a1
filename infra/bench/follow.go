package main

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"
)

const (
	// silence is how long a listener waits for its next event before what is missing counts as lost.
	silence = time.Minute
	// linger is how long one that has everything waits for what it must not get.
	linger = 1500 * time.Millisecond
)

// letters are the statuses of one round: when each was written.
type letters struct {
	first int
	mu    sync.Mutex
	sent  []time.Time
}

func (l *letters) sentAt(i int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[i-l.first]
}

// write writes so many, each by put.
func (l *letters) write(ctx context.Context, events int, put writer) error {
	for i := range events {
		l.mu.Lock()
		l.sent = append(l.sent, time.Now())
		l.mu.Unlock()
		if err := put(ctx, l.first+i); err != nil {
			return err
		}
	}
	return nil
}

// writer writes the status with this number.
type writer func(ctx context.Context, status int) error

// oneByOne writes statuses, each when everyone has the one before: what is measured is a delivery,
// not a queue.
func (c *crowd[L]) oneByOne(ctx context.Context, db *dynamodb.Client, first, events int) (outcome, error) {
	total := newOutcome()
	for i := range events {
		o, err := c.publish(ctx, db, first+i, 1)
		if err != nil {
			return total, err
		}
		total.add(o)
	}
	return total, nil
}

// publish writes statuses from the number first on into Content, and follows every listener until it
// has them all.
func (c *crowd[L]) publish(ctx context.Context, db *dynamodb.Client, first, events int) (outcome, error) {
	row := statusItem
	if c.item != nil {
		row = c.item
	}
	return c.hear(ctx, first, events, func(ctx context.Context, i int) error { return putItem(ctx, db, "Content", row(i)) })
}

// hear has statuses written from the number first on, and follows every listener until it has them
// all, or until one could not be written.
func (c *crowd[L]) hear(ctx context.Context, first, events int, put writer) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &letters{first: first}
	began := time.Now()
	var writing errgroup.Group
	writing.Go(func() error {
		err := l.write(ctx, events, put)
		if err != nil {
			cancel()
		}
		return err
	})
	o := c.follow(ctx, first, events, l.sentAt)
	o.took = time.Since(began)
	return o, writing.Wait()
}

// follow reads every listener until each has its events, or falls silent.
func (c *crowd[L]) follow(ctx context.Context, first, events int, sentAt func(i int) time.Time) outcome {
	total := newOutcome()
	var reading sync.WaitGroup
	for n := range c.listeners {
		list := newChecklist(first, events, func(status int) bool { return c.skips != nil && c.skips(n, status) })
		reading.Go(func() {
			c.followOne(ctx, n, list)
			c.mu.Lock()
			defer c.mu.Unlock()
			total.add(list.outcome)
			for _, a := range list.found {
				total.record(a.at.Sub(sentAt(a.status)))
			}
		})
	}
	reading.Wait()
	return total
}

func (c *crowd[L]) followOne(ctx context.Context, n int, list *checklist) {
	l := c.listeners[n]
	var frame []byte
	for list.left > 0 {
		ctx, cancel := context.WithTimeout(ctx, silence)
		read, at, err := l.next(ctx)
		cancel()
		if err != nil {
			list.lost = list.left
			break
		}
		frame = read
		payload := l.payload(frame)
		list.take(arrival{statusNumber(payload), at})
		if c.fits != nil && !c.fits(n, payload) {
			list.wrong++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if frame != nil {
		c.sample = frame
	}
}

// count reads so many events of every listener, whatever they say. What has not come after a minute
// counts as lost.
func (c *crowd[L]) count(ctx context.Context, events int) outcome {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	total := newOutcome()
	began := time.Now()
	var reading sync.WaitGroup
	for _, l := range c.listeners {
		reading.Go(func() {
			got := 0
			for got < events {
				if _, _, err := l.next(ctx); err != nil {
					break
				}
				got++
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			total.add(outcome{delivered: got, lost: events - got})
			total.record(time.Since(began))
		})
	}
	reading.Wait()
	return total
}

// rest counts what still comes to those who have everything. The listeners are of no more use.
func (c *crowd[L]) rest(ctx context.Context) outcome {
	ctx, cancel := context.WithTimeout(ctx, linger)
	defer cancel()
	total := newOutcome()
	var reading sync.WaitGroup
	for _, l := range c.listeners {
		reading.Go(func() {
			for {
				if _, _, err := l.next(ctx); err != nil {
					return
				}
				c.mu.Lock()
				total.extra++
				c.mu.Unlock()
			}
		})
	}
	reading.Wait()
	return total
}

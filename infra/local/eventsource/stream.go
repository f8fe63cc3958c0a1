package eventsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// StreamPoller runs one StreamMapping.
type StreamPoller struct {
	mapping  StreamMapping
	options  Options
	patterns []*Pattern
	log      *slog.Logger

	mu     sync.Mutex // guards shards and their done
	shards map[string]*shard
	seen   bool          // the stream has been described once
	look   chan struct{} // look for shards now
}

// NewStream checks a mapping. The error names everything that is wrong with it.
func NewStream(m StreamMapping, o Options) (*StreamPoller, error) {
	o = o.withDefaults()
	if o.Override != nil {
		o.Override(&m)
	}
	m = m.withDefaults()
	patterns, filterErr := parsePatterns(m.Filters)
	err := errors.Join(m.check(), filterErr, o.check(m.OnFailure))
	if o.Streams == nil {
		err = errors.Join(err, errors.New("Options.Streams is missing"))
	}
	if err != nil {
		return nil, fmt.Errorf("event source mapping of %s: %w", orElse(m.Function, "a function"), err)
	}
	return &StreamPoller{
		mapping:  m,
		options:  o,
		patterns: patterns,
		log:      o.Logger.With("function", m.Function, "source", m.StreamArn),
		shards:   map[string]*shard{},
		look:     make(chan struct{}, 1),
	}, nil
}

// check says what is missing for every kind of mapping.
func (o *Options) check(onFailure string) error {
	var errs []error
	if o.Invoke == nil {
		errs = append(errs, errors.New("Options.Invoke is missing"))
	}
	if onFailure != "" && o.Destination == nil {
		errs = append(errs, errors.New("OnFailure needs Options.Destination"))
	}
	return errors.Join(errs...)
}

// Run reads the stream until ctx ends, waits for its goroutines, and returns
// nil. Run may be called again afterwards, not at the same time: it goes on
// after what was done.
func (p *StreamPoller) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	p.stopAll()
	failures := 0
	for ctx.Err() == nil {
		shards, err := p.describe(ctx)
		pause := p.options.Discover
		if err != nil && ctx.Err() == nil {
			failures++
			pause = p.options.backoff(failures)
			p.log.Warn("the stream cannot be described; trying again", "error", err, "pause", pause)
		} else if err == nil {
			failures = 0
			p.start(ctx, shards, &readers)
		}
		p.waitToLook(ctx, pause)
	}
	return nil
}

// stopAll forgets that readers of an earlier Run were running.
func (p *StreamPoller) stopAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shards {
		s.running = false
	}
}

// waitToLook passes wake-ups on until it is time to look for shards again.
func (p *StreamPoller) waitToLook(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	wake := p.options.Wake
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case <-p.look:
			return
		case _, open := <-wake:
			if !open {
				wake = nil
				continue
			}
			p.wakeAll()
		}
	}
}

func (p *StreamPoller) wakeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shards {
		signal(s.wake)
	}
}

// signal leaves a message unless there is one already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// describe lists all shards of the stream, page by page.
func (p *StreamPoller) describe(ctx context.Context) ([]types.Shard, error) {
	var shards []types.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(p.mapping.StreamArn)}
	for {
		out, err := p.options.Streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, err
		}
		if out.StreamDescription == nil {
			return nil, errors.New("the answer has no StreamDescription")
		}
		shards = append(shards, out.StreamDescription.Shards...)
		in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId
		if aws.ToString(in.ExclusiveStartShardId) == "" {
			return shards, nil
		}
	}
}

// start runs a reader for each shard whose turn has come: its parent is done,
// or no longer part of the stream.
func (p *StreamPoller) start(ctx context.Context, listed []types.Shard, readers *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember(listed)
	for _, s := range p.shards {
		if s.running || s.done || !p.parentDone(s) {
			continue
		}
		s.running = true
		readers.Go(func() { p.runShard(ctx, s) })
	}
}

// remember adds shards that are new and forgets done ones that are gone from
// the stream, as old shards are after a day.
func (p *StreamPoller) remember(listed []types.Shard) {
	present := map[string]bool{}
	for i := range listed {
		id := aws.ToString(listed[i].ShardId)
		present[id] = true
		if p.shards[id] == nil {
			p.shards[id] = p.newShard(&listed[i])
		}
	}
	for id, s := range p.shards {
		if s.done && !present[id] {
			delete(p.shards, id)
		}
	}
	p.seen = true
}

func (p *StreamPoller) parentDone(s *shard) bool {
	parent := p.shards[s.parent]
	return parent == nil || parent.done
}

// newShard decides where a shard is read from. LATEST holds for shards of the
// stream as it was found first, of which those that are closed have nothing to
// give; what comes after is read whole.
func (p *StreamPoller) newShard(l *types.Shard) *shard {
	s := &shard{
		id:       aws.ToString(l.ShardId),
		parent:   aws.ToString(l.ParentShardId),
		progress: newProgress(""),
		wake:     make(chan struct{}, 1),
	}
	if p.mapping.StartingPosition == "LATEST" && !p.seen {
		s.latest, s.since = true, time.Now().Truncate(time.Second)
		s.done = l.SequenceNumberRange != nil && l.SequenceNumberRange.EndingSequenceNumber != nil
	}
	return s
}

// runShard reads a shard until it ends or ctx does.
func (p *StreamPoller) runShard(ctx context.Context, s *shard) {
	ended := p.readShard(ctx, s)
	p.mu.Lock()
	s.done = ended
	p.mu.Unlock()
	if ended {
		p.log.Debug("a shard is done", "shard", s.id)
		signal(p.look)
	}
}

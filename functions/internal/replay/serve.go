package replay

import (
	"context"
	"fmt"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// lookEvery is how often the mapping is read while there is much to post: whoever unsubscribes
// must not be sent the rest.
const lookEvery = 2 * time.Second

// serving is a replay while it is run.
type serving struct {
	Replayer
	what   stream.Replay
	bound  history.Bound
	reader Reader
	// listener is the mapping as it was read last, at looked.
	listener stream.Listener
	looked   time.Time
	// moved says that something has been posted.
	moved bool
}

func (r Replayer) serving(what stream.Replay) (*serving, error) {
	bound := history.Bound{Subscription: what.Subscription, Account: what.Account}
	from, err := bound.Parse(what.From, r.now())
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return &serving{Replayer: r, what: what, bound: bound, reader: r.Reader(bound, from)}, nil
}

// serve posts until the mapping is live. Its context ends when posts must.
func (s *serving) serve(ctx context.Context) error {
	for {
		turn, err := s.look(ctx)
		if err != nil {
			return err
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		if err := s.catchUp(ctx); err != nil {
			return err
		}
		live, err := again(ctx, s.Replayer, func() (bool, error) { return s.Directory.CaughtUp(ctx, s.what, turn) })
		if err != nil || live {
			return err
		}
	}
}

// look reads the mapping.
func (s *serving) look(ctx context.Context) (turn int64, err error) {
	_, err = again(ctx, s.Replayer, func() (_ bool, err error) {
		s.listener, turn, err = s.Directory.Replaying(ctx, s.what)
		return true, err
	})
	s.looked = time.Now()
	if err == nil && turn == 0 {
		err = errEnded
	}
	return turn, err
}

// begin posts what comes before all events, once.
func (s *serving) begin(ctx context.Context) error {
	if s.what.Begun {
		return nil
	}
	for _, m := range opening(s.what) {
		if err := s.post(ctx, m, s.what.From); err != nil {
			return err
		}
	}
	s.what.Begun = true
	return nil
}

// page is what one Read has returned.
type page struct {
	items []history.Item
	more  bool
}

// catchUp posts what the logs hold, up to their end.
func (s *serving) catchUp(ctx context.Context) error {
	for more := true; more; {
		got, err := again(ctx, s.Replayer, func() (p page, err error) {
			p.items, p.more, err = s.reader.Read(ctx, s.now(), true)
			return p, err
		})
		if err != nil {
			return err
		}
		for _, item := range got.items {
			if err := s.entry(ctx, item); err != nil {
				return err
			}
		}
		more = got.more
	}
	return nil
}

// entry posts what the listener hears of an entry and has not had.
func (s *serving) entry(ctx context.Context, item history.Item) error {
	if time.Since(s.looked) >= lookEvery {
		if _, err := s.look(ctx); err != nil {
			return err
		}
	}
	for _, i := range history.Heard(s.listener, item.Entry) {
		if i < item.First {
			continue
		}
		if err := s.show(ctx, item.Messages[i], s.bound.EventID(item.Entry, i)); err != nil {
			return err
		}
		s.reader.Done(item, i+1)
	}
	s.reader.Done(item, len(item.Messages))
	return nil
}

// rest is the replay of what has not been posted.
func (s *serving) rest() stream.Replay {
	rest := s.what
	if rest.Begun {
		rest.From = s.bound.PositionID(s.reader.Position())
	}
	if s.moved {
		rest.Asked = s.now()
	}
	return rest
}

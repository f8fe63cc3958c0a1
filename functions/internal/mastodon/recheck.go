package mastodon

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// Viewers knows what accounts filter.
type Viewers interface {
	// Viewer is the version of what the account filters now, see stream.Grant.
	Viewer(ctx context.Context, account string) (version string, err error)
}

// Mappings changes what connections listen to.
type Mappings interface {
	// Unsubscribe is nil too for what is not subscribed.
	Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error
	// SetViewer writes the version of what the account filters to all that its connections hold.
	SetViewer(ctx context.Context, account, version string) error
}

// Recheck looks again, once a subscription is written, at what may have changed while it was:
// whoever enforces such a change finds the subscriptions that are there, and not one to come.
type Recheck struct {
	Lists    Lists
	Viewers  Viewers
	Mappings Mappings
}

// undoTime is how long undoing a subscription may take, whatever became of the context: less than
// is kept for the answer.
const undoTime = 500 * time.Millisecond

// written rechecks the subscription, which a message of the given time wrote. ErrNotOwnList: the
// list is not the account's any more. With an error the subscription has been undone.
func (r Recheck) written(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	err := r.owner(ctx, s, sub)
	if err == nil {
		err = r.viewer(ctx, s, sub)
	}
	if err != nil {
		return r.undo(ctx, s, sub, at, err)
	}
	return nil
}

func (r Recheck) owner(ctx context.Context, s stream.Session, sub stream.Subscription) error {
	if !sub.Stream.TakesList() {
		return nil
	}
	owner, err := r.Lists.ListOwner(ctx, sub.Param)
	if err == nil && owner != s.Account {
		err = stream.ErrNotOwnList
	}
	return err
}

// looks bounds how often what an account filters is read for one subscription: each look but the first
// follows a change that was made in the milliseconds since the one before.
const looks = 5

var errUnsettled = errors.New("what the account filters changes all the time")

// viewer is for the streams that show statuses to a viewer. It returns once a version was read that
// is the one written last: a version that is written here may be older than one that was written
// meanwhile, for a change which the next look sees.
func (r Recheck) viewer(ctx context.Context, s stream.Session, sub stream.Subscription) error {
	if !sub.Stream.Filtered() && !sub.Stream.TakesList() && sub.Stream != stream.User {
		return nil
	}
	written := s.Viewer
	for range looks {
		version, err := r.Viewers.Viewer(ctx, s.Account)
		if err != nil || version == written {
			return err
		}
		if err := r.Mappings.SetViewer(ctx, s.Account, version); err != nil {
			return err
		}
		written = version
	}
	return errUnsettled
}

// undo ends the subscription for the reason given, which it returns. Subscribe wins ties, so what
// undoes it is a millisecond younger.
func (r Recheck) undo(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	return errors.Join(reason, r.Mappings.Unsubscribe(ctx, s, sub, at.Add(time.Millisecond)))
}

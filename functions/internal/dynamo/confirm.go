package dynamo

import (
	"context"
	"errors"
	"fmt"

	"edgestream/functions/internal/stream"
)

// Confirm reports whether what Open has stored still stands, to who has taken long since: whoever
// revokes a token removes what a connection holds that does not open, and what was written after
// that would bring it events all the same. stream.ErrInvalidToken if it does not; nothing is left then.
// What stands counts as opened now: the connection opens soon, and publishers must not take it for gone.
func (c *Connections) Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	for _, sub := range first {
		l := stream.Listener{Connection: s.Connection, Subscription: sub, Account: s.Account}
		if err := c.HandOver(ctx, l, c.now()); err != nil {
			return err
		}
	}
	row, err := c.accountRow(ctx, s.Account)
	if err != nil {
		return err
	}
	_, err = c.Session(ctx, s.Connection)
	switch {
	case err != nil && !errors.Is(err, stream.ErrNoConnection):
		return err
	case err == nil && row.Get(entryName(s.ID)).Kind != "":
		return nil
	}
	refusal := fmt.Errorf("%w: revoked meanwhile", stream.ErrInvalidToken)
	return errors.Join(refusal, c.undo(ctx, s, first, refusal))
}

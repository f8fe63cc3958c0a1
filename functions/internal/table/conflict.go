package table

import "errors"

// Conflict is a condition that did not hold. Row is the row that it did not hold for, if the call
// asked for it and there is one.
type Conflict struct {
	Row   Item
	cause error
}

// Error names the operation and the table.
func (c *Conflict) Error() string { return c.cause.Error() }

// Unwrap is the error of the call, which wraps an *awscall.Error.
func (c *Conflict) Unwrap() error { return c.cause }

// UnlessConflict drops the error of a condition that did not hold, where that is an answer.
func UnlessConflict(err error) error {
	var old *Conflict
	if errors.As(err, &old) {
		return nil
	}
	return err
}

// Rounds is how often a decision is made again because another invocation was faster.
const Rounds = 32

// ErrContention is what it ends with when it has been made so often.
var ErrContention = errors.New("row is written by too many at once")

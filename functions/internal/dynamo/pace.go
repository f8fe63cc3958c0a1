package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// bookedFor is how far ahead posts can be reserved.
	bookedFor = 30 * time.Second
	// absurd is how far ahead, beyond one reservation, only a clock that is wrong can have reserved.
	absurd = time.Minute
)

// Pace is the rate at which all who have it together may post: a row has the time up to which all posts
// are reserved, and whoever reserves moves it on. What is not used is lost, so that nobody can post
// more than the rate at any time. Of workers whose clocks differ, the others wait once for as long as
// one is ahead; the rate stays. It is safe for concurrent use.
type Pace struct {
	table table.Table
	every time.Duration
	now   func() time.Time
}

// NewPace uses the Connections table, which has this name, for so many posts a second, which is at least 1.
func NewPace(client *awscall.Client, name string, rate int) *Pace {
	return &Pace{table: table.New(client, name), every: time.Second / time.Duration(rate), now: time.Now}
}

// Meter has every call's consumed capacity reported, for measurements. Call it before any use.
func (p *Pace) Meter(report func(table.Units)) { p.table.Meter(report) }

// Clock replaces time.Now. Call it before any use.
func (p *Pace) Clock(now func() time.Time) { p.now = now }

func paceKey() table.Item { return keyOf("budget", "budget") }

// Reserve takes the next n posts: they are due from then on, evenly over spread. An error wraps
// stream.ErrThrottled if the next half minute is reserved already. One write, or two where nothing is
// reserved from now on. What n posts take should be well below that half minute.
func (p *Pace) Reserve(ctx context.Context, n int) (from time.Time, spread time.Duration, err error) {
	spread = time.Duration(n) * p.every
	until, err := p.take(ctx, spread)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("budget: %w", err)
	}
	return until.Add(-spread), spread, nil
}

// take reserves so much time and returns up to when all is reserved then.
func (p *Pace) take(ctx context.Context, spread time.Duration) (until time.Time, err error) {
	for range table.Rounds {
		var lost *table.Conflict
		if until, err = p.move(ctx, spread); !errors.As(err, &lost) {
			return until, err
		}
		if err = p.booked(lost.Row, spread); err != nil {
			return time.Time{}, err
		}
		if until, err = p.set(ctx, spread); !errors.As(err, &lost) {
			return until, err
		}
	}
	return time.Time{}, table.ErrContention
}

// booked is the error of a row that is neither to be moved on nor to be set.
func (p *Pace) booked(row table.Item, spread time.Duration) error {
	at, now := reservedUntil(row), p.now()
	if at.After(now.Add(bookedFor)) && !at.After(now.Add(absurd+spread)) {
		return fmt.Errorf("%w: reserved until %s from now", stream.ErrThrottled, at.Sub(now))
	}
	return nil
}

func reservedUntil(row table.Item) time.Time {
	n, _ := row.Get("t").Int()
	return time.UnixMicro(n).UTC()
}

// move moves the row's time on that is not in the past.
func (p *Pace) move(ctx context.Context, by time.Duration) (time.Time, error) {
	now := p.now()
	return p.update(ctx, "SET t = t + :by", "t BETWEEN :now AND :far", table.Item{
		{":by", table.Number(by.Microseconds())}, {":now", table.Number(now.UnixMicro())}, {":far", table.Number(now.Add(bookedFor).UnixMicro())},
	})
}

// set begins from now, if the row's time is in the past, or absurd.
func (p *Pace) set(ctx context.Context, by time.Duration) (time.Time, error) {
	now := p.now()
	return p.update(ctx, "SET t = :next", "attribute_not_exists(t) OR t < :now OR t > :absurd", table.Item{
		{":next", table.Number(now.Add(by).UnixMicro())}, {":now", table.Number(now.UnixMicro())}, {":absurd", table.Number(now.Add(absurd + by).UnixMicro())},
	})
}

func (p *Pace) update(ctx context.Context, what, condition string, values table.Item) (time.Time, error) {
	got, err := p.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": paceKey(), "UpdateExpression": what, "ConditionExpression": condition, "ExpressionAttributeValues": values,
		"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	if err != nil {
		return time.Time{}, err
	}
	return reservedUntil(got.Row), nil
}

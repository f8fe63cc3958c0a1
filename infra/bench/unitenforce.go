package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// together is how many connections an account has here whose token or filters change.
const together = 3

// enforcement measures what changes of Accounts cost for connections that are open.
func (l *ledger) enforcement(ctx context.Context, _ unitsFlags) error {
	for _, part := range []func(context.Context) error{l.revocation, l.filtersChange} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// threefold opens connections of one account that listen to user and public.
func (l *ledger) threefold(ctx context.Context, p people) (*crowd[socket], error) {
	if err := p.register(ctx, l.db); err != nil {
		return nil, err
	}
	all := &crowd[socket]{}
	for range together {
		c, err := l.join(ctx, p, "&stream=user", nil)
		if err != nil {
			return nil, err
		}
		all.listeners = append(all.listeners, c.listeners...)
	}
	return all, l.after(ctx, runs{"Subscribe": together}, func() error { return say(ctx, all, `{"type":"subscribe","stream":"public"}`) })
}

func (l *ledger) revocation(ctx context.Context) error {
	one := people{"revoked", 1}
	open, err := l.threefold(ctx, one)
	if err != nil {
		return err
	}
	revoked := item{"key": text("token#" + hash(one.token(0))), "account": text(one.account(0)), "scopes": texts("read"), "revokedAt": number(time.Now().Unix())}
	_, err = l.record(ctx, doing{name: "revocation of a token with 3 connections (and their disconnect)", times: 1,
		runs: runs{"Enforce": 1, "Disconnect": together}, do: func() error {
			if err := putItem(ctx, l.db, "Accounts", revoked); err != nil {
				return err
			}
			return closed(ctx, open)
		}})
	return err
}

// closed waits until all sockets have been closed from the other side.
func closed(ctx context.Context, c *crowd[socket]) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	var reading errgroup.Group
	for _, s := range c.listeners {
		reading.Go(func() error {
			_, _, err := s.next(ctx)
			if err == nil || ctx.Err() != nil {
				return errors.New("a connection has not been closed")
			}
			return nil
		})
	}
	return reading.Wait()
}

func (l *ledger) filtersChange(ctx context.Context) error {
	one := people{"choosing", 1}
	open, err := l.threefold(ctx, one)
	if err != nil {
		return err
	}
	if _, err := l.record(ctx, doing{name: "a change of filters, 3 connections (and filters_changed to each)", times: 1,
		runs: runs{"Enforce": 1, "Publish": 1}, do: func() error {
			return heard(ctx, open, one.put(ctx, l.db, one.preferences), 1)
		}}); err != nil {
		return err
	}
	return l.settle(ctx, open)
}

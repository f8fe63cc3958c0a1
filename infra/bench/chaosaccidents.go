package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"
)

// accidents are what happens to functions, clients and the database.
type accidents struct {
	stage   *chaosStage
	clients *chaosClients

	mu sync.Mutex
	// done are those that were, in order.
	done []accident
}

type accident struct {
	at         time.Time
	kind, what string
}

func (a accident) String() string {
	return fmt.Sprintf("%s %s %s", a.at.Format(clock), a.kind, a.what)
}

// run has them happen for so long, and returns when the last is over.
func (a *accidents) run(ctx context.Context, f chaosFlags) {
	ctx, cancel := context.WithTimeout(ctx, f.duration)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { a.wreak(ctx, f.spare, rand.New(rand.NewPCG(f.seed, 2))) })
	running.Go(func() { a.trouble(ctx, rand.New(rand.NewPCG(f.seed, 3))) })
	running.Go(func() { a.progress(ctx, f.duration) })
	running.Wait()
}

// wreak kills functions and drops connections, one after the other.
func (a *accidents) wreak(ctx context.Context, spared []string, random *rand.Rand) {
	for wait(ctx, millis(random, 50, 450)) == nil {
		if random.IntN(2) == 0 {
			c := a.clients.all[random.IntN(len(a.clients.all))]
			a.note("drop", c.name)
			c.drop()
			continue
		}
		function, pid, err := a.stage.KillOne(random, spared...)
		if err != nil {
			fmt.Fprintln(os.Stderr, "killing", function, err)
		} else if pid != 0 {
			a.note("kill "+function, fmt.Sprint("process ", pid))
		}
	}
}

// trouble has the database fail, now and then.
func (a *accidents) trouble(ctx context.Context, random *rand.Rand) {
	for wait(ctx, millis(random, 1000, 5000)) == nil {
		switch random.IntN(3) {
		case 0:
			pause := millis(random, 300, 3000)
			a.note("stall of DynamoDB", pause.String())
			a.stage.stall(ctx, pause)
		case 1:
			pause := millis(random, 200, 1500)
			a.note("restart of DynamoDB", pause.String())
			if err := a.stage.restart(ctx, pause); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
		default:
			pause := millis(random, 200, 2000)
			a.note("throttling of DynamoDB", pause.String())
			a.stage.throttle(ctx, pause)
		}
	}
}

// progress says every ten seconds how far it is.
func (a *accidents) progress(ctx context.Context, all time.Duration) {
	for begun := time.Now(); wait(ctx, 10*time.Second) == nil; {
		a.mu.Lock()
		n := len(a.done)
		a.mu.Unlock()
		fmt.Fprintf(os.Stderr, "%v of %v, %d accidents\n", time.Since(begun).Round(time.Second), all, n)
	}
}

func (a *accidents) note(kind, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = append(a.done, accident{time.Now(), kind, what})
}

// counts is how many there were of each kind.
func (a *accidents) counts() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := map[string]int{}
	for _, d := range a.done {
		counts[d.kind]++
	}
	return counts
}

// between are those of a time, a line each.
func (a *accidents) between(from, to time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lines []string
	for _, d := range a.done {
		if d.at.After(from) && d.at.Before(to) {
			lines = append(lines, d.String())
		}
	}
	return strings.Join(lines, "\n")
}

// millis is a duration from one number of milliseconds up to another.
func millis(random *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+random.IntN(to-from)) * time.Millisecond
}

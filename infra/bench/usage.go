package main

import "strings"

// use is a kind of request to DynamoDB.
type use struct {
	operation, table string
	// consistent is what a read of one table asked for.
	consistent bool
}

func (u use) reads() bool {
	return strings.Contains(u.operation, "Get") || u.operation == "Query" || u.operation == "Scan"
}

// polls reports whether it is a look at a log for what is new, which readers of server-sent events
// make all the time.
func (u use) polls() bool { return u.operation == "Query" && u.table == "History" && !u.consistent }

// amount is how many requests there were, and what they consumed.
type amount struct {
	requests int
	units    float64
}

// consumption is what has been consumed, by kind of request.
type consumption map[use]amount

func (u consumption) add(kind use, units float64) {
	a := u[kind]
	u[kind] = amount{a.requests + 1, a.units + units}
}

// since is what has been consumed after another time of the same meter.
func (u consumption) since(before consumption) consumption {
	out := consumption{}
	for kind, a := range u {
		if b := before[kind]; a != b {
			out[kind] = amount{a.requests - b.requests, a.units - b.units}
		}
	}
	return out
}

// of adds up the kinds that are meant.
func (u consumption) of(meant func(use) bool) (total amount) {
	for kind, a := range u {
		if meant(kind) {
			total.requests += a.requests
			total.units += a.units
		}
	}
	return total
}

// What a table of figures is about.
func anything(use) bool        { return true }
func allButPolls(u use) bool   { return !u.polls() }
func onlyPolls(u use) bool     { return u.polls() }
func readsAccounts(u use) bool { return u.reads() && u.table == "Accounts" }

// split is the read and the write units of the kinds that are meant.
func (u consumption) split(meant func(use) bool) (read, write float64) {
	read = u.of(func(k use) bool { return meant(k) && k.reads() }).units
	write = u.of(func(k use) bool { return meant(k) && !k.reads() }).units
	return read, write
}

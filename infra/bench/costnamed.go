package main

import (
	"fmt"
	"slices"
	"strings"
)

// named is a workload with a name, and the ratio that this project wants at the most; 0: no target.
type named struct {
	name, story string
	target      float64
	workload
	// given are the flags that have changed it.
	given []string
}

// namedWorkloads are those that are shown.
var namedWorkloads = []named{
	{"wide", "100,000 people on one public stream, with a status each half minute", 1.03,
		workload{connections: 100_000, minutes: 120, streams: 1, width: 100_000, events: 2, public: true, bytes: 1000, shards: 4}, nil},
	{"notifications", "100,000 people who are online, with four notifications each an hour", 1.5,
		workload{connections: 100_000, minutes: 120, notifications: 4, bytes: 500, shards: 4}, nil},
	{"rooms", "500 rooms of 20, with a message each ten seconds", 0,
		workload{connections: 10_000, minutes: 60, streams: 500, width: 20, events: 6, messages: 1, bytes: 500, shards: 4}, nil},
}

func workloadNames() string {
	var names []string
	for _, w := range namedWorkloads {
		names = append(names, w.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// choose finds the workload with this name and changes it, or all of them as they are if it is empty: a
// change that fits one makes nonsense of another.
func choose(name string, given []change) ([]named, error) {
	i := slices.IndexFunc(namedWorkloads, func(w named) bool { return w.name == name })
	switch {
	case name == "" && len(given) > 0:
		return nil, fmt.Errorf("%s: say with --workload what it changes: %s", given[0].flag, workloadNames())
	case name == "":
		return namedWorkloads, nil
	case i < 0:
		return nil, fmt.Errorf("there is no workload %q: want %s", name, workloadNames())
	}
	w := namedWorkloads[i].changed(given)
	return []named{w}, w.check()
}

// changed has no target: that is for the workload as it is named.
func (w named) changed(given []change) named {
	for _, c := range given {
		c.set(&w.workload)
		w.given, w.target = append(w.given, c.flag), 0
	}
	return w
}

func (w named) heading() string {
	if len(w.given) > 0 {
		return w.name + " with " + strings.Join(w.given, " ")
	}
	return fmt.Sprintf("%s: %s (%s)", w.name, w.story, w.workload)
}

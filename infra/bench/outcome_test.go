package main

import (
	"strings"
	"testing"
	"time"
)

func TestAChecklistCountsWhatIsWrong(t *testing.T) {
	nobody := func(int) bool { return false }
	tests := []struct {
		name                                   string
		skips                                  func(int) bool
		came                                   []int
		delivered, missing, extra, disorder, n int
	}{
		{"all in order", nobody, []int{10, 11, 12}, 3, 0, 0, 0, 12},
		{"one is missing", nobody, []int{10, 12}, 2, 1, 0, 0, 12},
		{"one came twice", nobody, []int{10, 10, 11, 12}, 3, 0, 1, 0, 12},
		{"one came late", nobody, []int{10, 12, 11}, 3, 0, 0, 1, 12},
		{"one of the round before", nobody, []int{9, 10, 11, 12}, 3, 0, 1, 0, 12},
		{"one of none", nobody, []int{10, -1, 11, 12, 13}, 3, 0, 2, 0, 12},
		{"one is skipped", func(i int) bool { return i == 11 }, []int{10, 12}, 2, 0, 0, 0, 12},
		{"a skipped one came", func(i int) bool { return i == 11 }, []int{10, 11, 12}, 2, 0, 1, 0, 12},
	}
	for _, test := range tests {
		c := newChecklist(10, 3, test.skips)
		for _, i := range test.came {
			c.take(arrival{i, time.Now()})
		}
		if c.delivered != test.delivered || c.left != test.missing || c.extra != test.extra || c.disorder != test.disorder || c.newest != test.n {
			t.Errorf("%s: %d delivered, %d left, %d extra, %d out of order", test.name, c.delivered, c.left, c.extra, c.disorder)
		}
	}
}

func TestWhatIsWrongFailsABenchmark(t *testing.T) {
	if err := (outcome{delivered: 1}).verdict(); err != nil {
		t.Error(err)
	}
	for _, o := range []outcome{{lost: 7}, {extra: 7}, {disorder: 7}, {wrong: 7}} {
		if err := o.verdict(); err == nil || !strings.Contains(err.Error(), "7 ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestOutcomesAddUp(t *testing.T) {
	total := newOutcome()
	one := newOutcome()
	one.delivered, one.took = 3, time.Second
	one.record(5 * time.Millisecond)
	total.add(one)
	total.add(outcome{lost: 1, extra: 2, disorder: 3, wrong: 4, took: time.Second})
	if total.delivered != 3 || total.lost != 1 || total.extra != 2 || total.disorder != 3 || total.wrong != 4 || total.rate() != 1.5 {
		t.Errorf("%+v", total)
	}
	if got := total.millis(50); got != "5.0" {
		t.Errorf("p50 %s ms", got)
	}
}

func TestReadsOfAccountsMayComeOnceAMinute(t *testing.T) {
	for _, test := range []struct {
		took        time.Duration
		first, then int
		fails       bool
	}{
		{30 * time.Second, 10, 0, false},
		{30 * time.Second, 10, 1, true},
		{70 * time.Second, 10, 10, false},
		{70 * time.Second, 10, 11, true},
	} {
		s := share{outcome: outcome{took: test.took}, first: amount{requests: test.first}, then: amount{requests: test.then}}
		if err := s.verdict(); (err != nil) != test.fails {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

package cloudapptest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"edgestream/functions/internal/cloudapp"
)

// Run runs what every store of items must do. open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) cloudapp.Items) {
	for name, test := range map[string]func(*testing.T, cloudapp.Items){
		"AnItemIsReadAsItWasWritten":             readAsWritten,
		"AnItemIsCreatedOnce":                    createdOnce,
		"AWriteThatComesAgainIsNoConflict":       repeated,
		"AnItemIsReplacedAsItWasRead":            replacedAsRead,
		"OfConcurrentReplacementsOneHolds":       oneHolds,
		"ListsAreDescendingAndOfTheAccount":      listed,
		"AListEndsWhenItsReaderHasEnough":        enough,
		"WhatIsNotThereIsNeitherReadNorReplaced": notThere,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// odd holds what a careless store would change.
const odd = `{"b":1.0,  "a":"\u003c\u2028é\"","deleted_at":null}`

func readAsWritten(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", odd)
	wantItem(t, s, "1", "10", odd)
}

func createdOnce(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", `{"n":1}`)
	if err := s.Create(t.Context(), "1", "10", []byte(`{"n":2}`)); !errors.Is(err, cloudapp.ErrExists) {
		t.Errorf("created again: %v", err)
	}
	wantItem(t, s, "1", "10", `{"n":1}`)
	create(t, s, "2", "10", `{"n":3}`)
}

func repeated(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", `{"n":1}`)
	create(t, s, "1", "10", `{"n":1}`)
	e := wantItem(t, s, "1", "10", `{"n":1}`)
	for range 2 {
		if err := s.Replace(t.Context(), "1", e, []byte(`{"n":2}`)); err != nil {
			t.Error(err)
		}
	}
	wantItem(t, s, "1", "10", `{"n":2}`)
}

func replacedAsRead(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", `{"n":1}`)
	e := wantItem(t, s, "1", "10", `{"n":1}`)
	if err := s.Replace(t.Context(), "1", e, []byte(odd)); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), "1", e, []byte(`{"n":3}`)); !errors.Is(err, cloudapp.ErrChanged) {
		t.Errorf("replaced what was changed: %v", err)
	}
	wantItem(t, s, "1", "10", odd)
}

func oneHolds(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", `{"n":0}`)
	e := wantItem(t, s, "1", "10", `{"n":0}`)
	var held atomic.Int32
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			err := s.Replace(t.Context(), "1", e, fmt.Appendf(nil, `{"n":%d}`, n+1))
			if err == nil {
				held.Add(1)
			} else if !errors.Is(err, cloudapp.ErrChanged) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if held.Load() != 1 {
		t.Errorf("%d replacements held", held.Load())
	}
}

func listed(t *testing.T, s cloudapp.Items) {
	var want []string
	for n := range 8 {
		id := fmt.Sprintf("10%d", n)
		create(t, s, "1", id, `{"n":`+id+`}`)
		want = append(want, id)
	}
	create(t, s, "12", "999", `{}`)
	create(t, s, "2", "999", `{}`)
	slices.Reverse(want)
	if got := ids(t, s, "1"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := ids(t, s, "nobody"); got != nil {
		t.Errorf("nobody has %v", got)
	}
}

func enough(t *testing.T, s cloudapp.Items) {
	for n := range 8 {
		create(t, s, "1", fmt.Sprint(n), `{}`)
	}
	pages := 0
	err := s.List(t.Context(), "1", func([]cloudapp.Entry) bool { pages++; return false })
	if err != nil || pages != 1 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

func notThere(t *testing.T, s cloudapp.Items) {
	create(t, s, "1", "10", `{"n":1}`)
	e := wantItem(t, s, "1", "10", `{"n":1}`)
	for _, key := range [][2]string{{"2", "10"}, {"1", "1"}, {"1", "100"}, {"1", "item#10"}} {
		if _, err := s.Item(t.Context(), key[0], key[1]); !errors.Is(err, cloudapp.ErrNoItem) {
			t.Errorf("%v: %v", key, err)
		}
		e.ID = key[1]
		if err := s.Replace(t.Context(), key[0], e, []byte(`{"n":2}`)); !errors.Is(err, cloudapp.ErrChanged) {
			t.Errorf("replaced %v: %v", key, err)
		}
		if _, err := s.Item(t.Context(), key[0], key[1]); !errors.Is(err, cloudapp.ErrNoItem) {
			t.Errorf("%v after a replacement: %v", key, err)
		}
	}
}

func create(t *testing.T, s cloudapp.Items, account, id, payload string) {
	t.Helper()
	if err := s.Create(t.Context(), account, id, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

func wantItem(t *testing.T, s cloudapp.Items, account, id, want string) cloudapp.Entry {
	t.Helper()
	e, err := s.Item(t.Context(), account, id)
	if err != nil || e.ID != id || string(e.Payload) != want {
		t.Errorf("item %s of %s: %s %s, %v, want %s", id, account, e.ID, e.Payload, err, want)
	}
	return e
}

func ids(t *testing.T, s cloudapp.Items, account string) (all []string) {
	t.Helper()
	err := s.List(t.Context(), account, func(page []cloudapp.Entry) bool {
		for _, e := range page {
			all = append(all, e.ID)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return all
}

package stack_test

import (
	"fmt"
	"slices"
	"strings"
)

// listening reports whether every stream of every follower has begun.
func (k *killings) listening() bool {
	for _, f := range k.followers {
		f.mu.Lock()
		begun := !slices.ContainsFunc(f.follows, func(s *followed) bool { return !s.begun })
		f.mu.Unlock()
		if !begun {
			return false
		}
	}
	return true
}

// complete reports whether every follower has as much as was written for it. It is as wrong to
// have more, or to have it in another order.
func (k *killings) complete() bool {
	done := true
	for _, f := range k.followers {
		missing, wrong := k.compare(f)
		if wrong != nil {
			k.t.Fatalf("%s: %v", f.name, wrong)
		}
		done = done && len(missing) == 0
	}
	return done
}

// compare is what the follower has not got yet, and what it must not have got so.
func (k *killings) compare(f *follower) (missing []string, wrong error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	wrong = f.wrong
	for _, s := range f.follows {
		want := k.written[expects(f, s)]
		for owner, got := range s.marks {
			if n := len(got); wrong == nil && (n > len(want[owner]) || !slices.Equal(got, want[owner][:n])) {
				wrong = fmt.Errorf("on %s of owner %s it got %v\nof %v", s.stream, owner, got, want[owner])
			}
		}
		for owner, all := range want {
			if n := len(s.marks[owner]); n < len(all) {
				missing = append(missing, fmt.Sprintf("%s: of %s from %v on", s.stream, owner, all[n:min(n+3, len(all))]))
			}
		}
	}
	return missing, wrong
}

// report says what happened to those that are not well, if the test has failed, and else how much
// was survived.
func (k *killings) report() {
	accidents := map[string]int{}
	for _, line := range k.done {
		accidents[strings.Join(strings.Fields(line)[1:3], " ")]++
	}
	if !k.t.Failed() {
		k.t.Logf("written %v, survived %v", k.next, accidents)
		return
	}
	for _, f := range k.suspects() {
		missing, wrong := k.compare(f)
		slices.Sort(missing)
		k.t.Logf("%s: missing %v, wrong %v\n%s", f.name, missing, wrong, strings.Join(f.trace, "\n"))
	}
	k.t.Logf("written %v; accidents:\n%s", k.next, strings.Join(k.done, "\n"))
}

// suspects are those with whom something is wrong, or else those that miss something.
func (k *killings) suspects() (wrong []*follower) {
	var behind []*follower
	for _, f := range k.followers {
		switch missing, err := k.compare(f); {
		case err != nil:
			wrong = append(wrong, f)
		case len(missing) > 0:
			behind = append(behind, f)
		}
	}
	if len(wrong) == 0 {
		return behind
	}
	return wrong
}

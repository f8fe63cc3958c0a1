package expression

import (
	"errors"
	"testing"

	"edgestream/infra/local/dynamodb/attribute"
)

var names = map[string]string{"#a": "a", "#n": "name", "#dot": "a.b"}

func values(t testing.TB) attribute.Item {
	item, err := attribute.DecodeItem([]byte(`{":n":{"N":"1"},":s":{"S":"t"},":l":{"L":[{"N":"1"}]},":ss":{"SS":["x"]},":m":{"M":{}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func stored(t testing.TB) attribute.Item {
	item, err := attribute.DecodeItem([]byte(`{"a":{"N":"5"},"b":{"S":"text"},"c":{"L":[{"N":"0"},{"M":{"d":{"S":"x"}}}]},"m":{"M":{"k":{"NS":["1"]}}},"ss":{"SS":["x","y"]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func substitutions(t testing.TB) *Substitutions {
	subs, err := NewSubstitutions(names, values(t))
	if err != nil {
		t.Fatal(err)
	}
	return subs
}

// checkError wants the error of a refused expression to be one that a client may see.
func checkError(t *testing.T, text string, err error) {
	t.Helper()
	if _, ok := errors.AsType[Error](err); !ok && !attribute.IsInvalid(err) {
		t.Errorf("%q: error of type %T: %v", text, err, err)
	}
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"", "a = :n", "NOT (a < :n OR b <> :s) AND c[1].d IN (:s, b)", "a BETWEEN :n AND size(b)", "attribute_type(m.k, :s)",
		"contains(ss, :s) and begins_with(#n, :s)", "((((", "a = = b", "#", ":", "a[", "size(size(a)) > :n", "\xff", "NOT NOT NOT a = :n", "in in (in)"} {
		f.Add(seed)
	}
	item := stored(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(ConditionClause, text, substitutions(t))
		if err != nil {
			checkError(t, text, err)
			return
		}
		negated, err := ParseCondition(ConditionClause, "NOT ("+text+")", substitutions(t))
		if err != nil {
			return // too long now, or redundant parentheses
		}
		if c.Matches(item) == negated.Matches(item) {
			t.Errorf("%q and its negation are both %t", text, c.Matches(item))
		}
		c.Matches(nil)
	})
}

func FuzzKeyCondition(f *testing.F) {
	for _, seed := range []string{"a = :n", "a = :n AND begins_with(b, :s)", ":n < a and #n = :s", "a BETWEEN :n AND :n AND b = :s", "a = b", "size(a) = :n", "begins_with(:s, a)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms, err := ParseKeyCondition(text, substitutions(t))
		if err != nil {
			checkError(t, text, err)
			return
		}
		if len(terms) < 1 || len(terms) > 2 {
			t.Errorf("%q has %d terms", text, len(terms))
		}
		for _, term := range terms {
			if want := map[string]int{"BETWEEN": 2}[term.Op]; term.Name == "" || len(term.Values) != max(want, 1) {
				t.Errorf("%q has the term %+v", text, term)
			}
		}
	})
}

func FuzzProjection(f *testing.F) {
	for _, seed := range []string{"a", "a, b", "c[0], c[1].d", "#n.#dot", "a,", "a..b", "m.k, m", "c[99999999999999999999]"} {
		f.Add(seed)
	}
	item := stored(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProjection(text, substitutions(t))
		if err != nil {
			checkError(t, text, err)
			return
		}
		picked := p.Apply(item)
		if again := p.Apply(item); !attribute.EqualItems(picked, again) {
			t.Errorf("%q picks %s, then %s", text, picked.AppendJSON(nil), again.AppendJSON(nil))
		}
		for name := range picked {
			if _, ok := item[name]; !ok {
				t.Errorf("%q picks %s from nowhere", text, name)
			}
		}
	})
}

func FuzzUpdate(f *testing.F) {
	for _, seed := range []string{"SET a = :n", "SET a = a + :n, b = if_not_exists(q, :s) REMOVE c[0], c[1] ADD m.k :n DELETE ss :ss", "set c[9] = :l", "SET c = list_append(c, :l)",
		"SET m.k = (:n)", "REMOVE", "ADD a :n", "DELETE ss :ss", "SET a = :n SET b = :n", "SET c[0] = :n REMOVE c[1].d", "SET #dot = :m"} {
		f.Add(seed)
	}
	item := stored(f)
	before := string(item.AppendJSON(nil))
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseUpdate(text, substitutions(t))
		if err != nil {
			checkError(t, text, err)
			return
		}
		after, err := u.Apply(item)
		if err != nil {
			checkError(t, text, err)
		} else if back, err := attribute.DecodeItem(after.AppendJSON(nil), nil); err != nil || !attribute.EqualItems(after, back) {
			t.Errorf("%q makes an item that cannot be stored: %s: %v", text, after.AppendJSON(nil), err)
		}
		if now := string(item.AppendJSON(nil)); now != before {
			t.Fatalf("%q has changed the old item to %s", text, now)
		}
	})
}

package attribute

import (
	"cmp"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawNumber makes numbers of every size, often close to each other.
func drawNumber(t *rapid.T, label string) Number {
	text := rapid.StringMatching(`-?[0-9]{1,6}(\.[0-9]{1,6})?(e-?[0-9]{1,2})?`).Draw(t, label)
	n, err := ParseNumber(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

func rational(n Number) *big.Rat {
	r, _ := new(big.Rat).SetString(n.String())
	return r
}

func TestNumbersBehaveAsRationalNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawNumber(t, "a"), drawNumber(t, "b")
		order := rational(a).Cmp(rational(b))
		if got := a.Compare(b); got != order {
			t.Errorf("%s against %s: %d, want %d", a, b, got, order)
		}
		if got := cmp.Compare(a.sortable(), b.sortable()); got != order {
			t.Errorf("encodings of %s and %s: %d, want %d", a, b, got, order)
		}
		if got := a == b; got != (order == 0) {
			t.Errorf("%s == %s: %t", a, b, got)
		}
		checkSum(t, a, b)
	})
}

func checkSum(t *rapid.T, a, b Number) {
	sum, err := a.Add(b)
	if errors.Is(err, ErrPrecision) {
		return // more than 38 digits apart
	}
	if want := new(big.Rat).Add(rational(a), rational(b)); err != nil || rational(sum).Cmp(want) != 0 {
		t.Errorf("%s + %s = %s, %v", a, b, sum, err)
	}
	if back, err := sum.Sub(b); err != nil || back != a {
		t.Errorf("%s + %s - %s = %s, %v", a, b, b, back, err)
	}
}

func TestCanonicalTextReadsBackAsTheSameNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawNumber(t, "n")
		if again, err := ParseNumber(n.String()); err != nil || again != n {
			t.Errorf("%s reads back as %s, %v", n, again, err)
		}
	})
}

func TestNumbersOutOfRange(t *testing.T) {
	for text, want := range map[string]error{
		"1e126": ErrOverflow, "-99e125": ErrOverflow, "1e99999999999999999999": ErrOverflow, "1e-131": ErrUnderflow, "1e-99999999999": ErrUnderflow,
		strings.Repeat("9", 39): ErrPrecision, "0." + strings.Repeat("1", 39): ErrPrecision,
		"0e999999": nil, strings.Repeat("9", 38) + "e87": nil, "0." + strings.Repeat("0", 129) + "1": nil,
	} {
		if _, err := ParseNumber(text); err != want {
			t.Errorf("%.50s: %v, want %v", text, err, want)
		}
	}
}

func TestTheSizeOfNumbers(t *testing.T) {
	for text, want := range map[string]int{"0": 1, "1": 2, "12": 2, "123": 3, "-12": 3, "100": 2, "0.5": 2, "1e100": 2, "12345678901234567890123456789012345678": 20} {
		n, err := ParseNumber(text)
		if err != nil || n.Size() != want {
			t.Errorf("%s has size %d, want %d (%v)", text, n.Size(), want, err)
		}
	}
}

func TestSecondsOfATimeToLive(t *testing.T) {
	for text, want := range map[string]int64{"1700000000": 1700000000, "1700000000.9": 1700000000, "17e8": 1700000000, "0.5": -1, "-1": -1, "0": -1, "1e30": -1} {
		n, err := ParseNumber(text)
		got, ok := n.Seconds()
		if !ok {
			got = -1
		}
		if err != nil || got != want {
			t.Errorf("%s: %d, want %d (%v)", text, got, want, err)
		}
	}
}

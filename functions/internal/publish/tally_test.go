package publish

import (
	"reflect"
	"testing"
	"time"
)

func TestTalliesAreAddedWhole(t *testing.T) {
	one := Tally{Latencies: []time.Duration{1}, Audiences: []int{1}}
	for i, v := 0, reflect.ValueOf(&one).Elem(); i < v.NumField(); i++ {
		if v.Field(i).CanInt() {
			v.Field(i).SetInt(int64(i + 1))
		}
	}
	sum := reflect.ValueOf(one.plus(one))
	for i := range sum.NumField() {
		f, name := sum.Field(i), sum.Type().Field(i).Name
		switch {
		case name == "Latency":
			if f.Int() != int64(i+1) {
				t.Errorf("the longest latency is %d", f.Int())
			}
		case f.CanInt() && f.Int() != 2*int64(i+1), !f.CanInt() && f.Len() != 2:
			t.Errorf("%s: %v", name, f)
		}
	}
}

package eventsource

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheAgeOfABatchsLastRecordIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		all := f.puts(3)
		fn.answer = failing(all[2])
		m := testMapping()
		m.MaximumRetryAttempts = 2
		time.Sleep(10 * time.Second)
		var mu sync.Mutex
		var ages []time.Duration
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Age: func(function string, age time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if ages = append(ages, age); function != m.Function {
				t.Errorf("told of %s", function)
			}
		}})
		defer stop()
		pass(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(ages) != 3 || ages[0] < 10*time.Second || ages[0] > 12*time.Second || ages[2] <= ages[0] {
			t.Errorf("ages %v of 3 attempts", ages)
		}
	})
}

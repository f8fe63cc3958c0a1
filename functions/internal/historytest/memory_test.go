package historytest_test

import (
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
)

func TestMemory(t *testing.T) {
	historytest.Run(t, func(*testing.T) history.Log {
		m := historytest.NewMemory()
		m.Page = 7
		return m
	})
}

func TestAStaleReadLacksWhatWasAppendedLast(t *testing.T) {
	m, topic := historytest.NewMemory(), stream.PublicTopic()
	m.Stale = func(int) int { return 1 }
	for i, record := range []string{"a", "b"} {
		at := time.UnixMicro(int64(10 - i))
		if _, err := m.Append(t.Context(), history.Entry{Topic: topic, Record: record, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	for consistent, want := range map[bool]string{true: "b", false: "a"} {
		found, _, err := m.Read(t.Context(), topic, time.Time{}, consistent)
		if err != nil || found[0].Record != want {
			t.Errorf("consistent %v: %v, %v", consistent, found, err)
		}
	}
}

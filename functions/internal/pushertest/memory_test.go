package pushertest_test

import (
	"testing"

	"edgestream/functions/internal/pushertest"
)

func TestMemory(t *testing.T) {
	pushertest.Run(t, func(_ *testing.T, l pushertest.Limits) pushertest.Subject {
		m := pushertest.NewMemory(l)
		return pushertest.Subject{Connections: m, Directory: m, Listeners: m.Listeners}
	})
}

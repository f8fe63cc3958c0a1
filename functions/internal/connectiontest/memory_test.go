package connectiontest_test

import (
	"testing"

	"edgestream/functions/internal/connectiontest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	connectiontest.Run(t, func(_ *testing.T, l connectiontest.Limits) connectiontest.Subject {
		m := connectiontest.NewMemory(l)
		return connectiontest.Subject{Store: m, Audience: m.Audience, Cut: func(from int) connectiontest.Wide {
			cut := m.CutFrom(from)
			return connectiontest.Wide{Audience: cut.Audience, Slices: cut}
		}}
	})
}

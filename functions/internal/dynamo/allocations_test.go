//go:build !race

// What the hot path allocates. The race detector allocates as well, so these tests are not built with
// it; part `allocations` of infra/test runs them.

package dynamo

import "testing"

// TestAllocations: of a record, encoding/json's of its envelope and of four attributes, the image, the
// payload once, and the list of three accounts.
func TestAllocations(t *testing.T) {
	raw := aStatusRecord(t)
	if got := testing.AllocsPerRun(100, func() { Change(raw) }); got > 30 {
		t.Errorf("a record takes %v allocations, want at most 30", got)
	}
}

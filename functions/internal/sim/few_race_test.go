//go:build race

package sim

// few seeds are run unless more are asked for: the race detector is slow.
const few = 10

//go:build !race

package sim

// few seeds are run unless more are asked for.
const few = 50

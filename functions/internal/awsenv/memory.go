package awsenv

import (
	"os"
	"runtime/debug"
	"strconv"
)

const (
	// garbage is how many percent of what is in use may be garbage before it is collected. Of its memory a
	// function uses a tenth, and has it for the share of a processor that comes with it: a post takes an eighth
	// less of that than with Go's own 100.
	garbage = 400
	// usable is how many percent of the memory Go may take before it collects all the same.
	usable = 75
)

// useMemory has garbage collected rarely, as far as the function's memory goes: AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
// in MB. GOGC and GOMEMLIMIT, where they are set, say otherwise. https://go.dev/doc/gc-guide
func useMemory() {
	megabytes, err := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32)
	if err != nil || megabytes <= 0 {
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(megabytes << 20 * usable / 100)
	}
}

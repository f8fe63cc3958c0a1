package awsenv

import (
	"runtime/debug"
	"testing"
)

func TestGarbageMayLieInTheFunctionsMemory(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for name, tt := range map[string]struct {
		size, gogc, gomemlimit string
		percent                int
		limit                  int64
	}{
		"512 MB":           {"512", "", "", 400, 384 << 20},
		"128 MB":           {"128", "", "", 400, 96 << 20},
		"not on Lambda":    {"", "", "", 100, 1 << 40},
		"no number":        {"much", "", "", 100, 1 << 40},
		"nothing":          {"0", "", "", 100, 1 << 40},
		"with GOGC":        {"512", "50", "", 100, 384 << 20},
		"with GOMEMLIMIT":  {"512", "", "1GiB", 400, 1 << 40},
		"with both of its": {"512", "off", "1GiB", 100, 1 << 40},
	} {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(1 << 40)
		setenv(t, map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": tt.size, "GOGC": tt.gogc, "GOMEMLIMIT": tt.gomemlimit})
		Config()
		if gotPercent, gotLimit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); gotPercent != tt.percent || gotLimit != tt.limit {
			t.Errorf("%s: %d %% and %d bytes, want %d and %d", name, gotPercent, gotLimit, tt.percent, tt.limit)
		}
	}
}

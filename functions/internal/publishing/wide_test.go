package publishing

import "testing"

func TestPagesEndBeforeTheirInvocation(t *testing.T) {
	for _, tt := range []struct{ rate, instances, want int }{
		{5000, 5, 2000},
		{50_000, 26, 2000},
		{100_000, 5, 2000},
		{5000, 40, 416},
		{1000, 5, 400},
		{1000, 40, 83},
		{100, 5, 66},
		{100, 2, 100},
		{100, 1000, 20},
	} {
		if got := page(tt.rate, tt.instances); got != tt.want {
			t.Errorf("%d a second, of %d instances: %d, want %d", tt.rate, tt.instances, got, tt.want)
		}
	}
}

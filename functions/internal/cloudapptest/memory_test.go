package cloudapptest

import (
	"testing"

	"edgestream/functions/internal/cloudapp"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) cloudapp.Items { return new(Memory) })
}

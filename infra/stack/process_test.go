package stack

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// busy keeps a processor busy for a quarter of a second.
func busy() {
	for began := time.Now(); time.Since(began) < 250*time.Millisecond; {
	}
}

func TestProcessorTimeIsAProcessAndItsEndedChildren(t *testing.T) {
	if os.Getenv("STACK_TEST_BUSY") != "" {
		busy()
		return
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here")
	}
	own, ended := processorTime(os.Getpid())
	busy()
	child := exec.Command(os.Args[0], "-test.run=^TestProcessorTimeIsAProcessAndItsEndedChildren$")
	child.Env = append(os.Environ(), "STACK_TEST_BUSY=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ownThen, endedThen := processorTime(os.Getpid())
	// A machine that is busy gives a loop of a quarter of a second less than that.
	if ownThen-own < 0.02 || endedThen-ended < 0.02 {
		t.Errorf("took %.2f s, and %.2f s its child", ownThen-own, endedThen-ended)
	}
	if own, ended := processorTime(-1); own != 0 || ended != 0 {
		t.Errorf("no process took %v s and %v s", own, ended)
	}
}

package stack

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Instances are the processes of functions that run, by function without its suffix (Linux).
func (s *Stack) Instances() map[string][]int {
	instances := map[string][]int{}
	for _, p := range s.Processes() {
		name := filepath.Base(filepath.Dir(p.Program))
		if function, _, ok := strings.Cut(name, "Function"); ok {
			instances[function] = append(instances[function], p.PID)
		}
	}
	return instances
}

// KillOne ends an instance of one function with SIGKILL, but for those that are spared. Each function
// that runs is as likely as the others, and so is each of its instances. It returns the empty string if
// none runs.
func (s *Stack) KillOne(random *rand.Rand, spared ...string) (function string, pid int, err error) {
	instances := s.Instances()
	maps.DeleteFunc(instances, func(function string, _ []int) bool { return slices.Contains(spared, function) })
	if len(instances) == 0 {
		return "", 0, nil
	}
	functions := slices.Sorted(maps.Keys(instances))
	function = functions[random.IntN(len(functions))]
	pids := instances[function]
	pid = pids[random.IntN(len(pids))]
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if errors.Is(err, os.ErrProcessDone) {
		err = nil // by itself
	}
	return function, pid, err
}

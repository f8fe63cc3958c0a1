// Command tally reads `go test -json` on standard input and tells a person what
// matters of it: one line per package, and everything that a failed test said.
//
// Its last line is `N passed, N failed, N skipped`, counting tests and subtests;
// a package that did not build counts as one failed test. The exit status is 1
// when anything failed. `go test -v` would print a hundred times as much, and
// plain `go test` counts nothing.
//
// The format: https://pkg.go.dev/cmd/test2json
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	t := &tally{out: os.Stdout, said: map[string][]string{}}
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if t.failed > 0 {
		os.Exit(1)
	}
}

// event is one line of test2json, of `go test` and of `go build`.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	// said is what each test or package has printed so far.
	said map[string][]string
	// broken is whether the package has a failed test that was counted.
	broken map[string]bool
}

func (t *tally) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(t.out, line) // what go says about itself
		return
	}
	switch e.Action {
	case "output":
		t.said[e.key()] = append(t.said[e.key()], e.Output)
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "pass", "fail", "skip":
		t.end(e)
	}
}

func (e event) key() string { return e.Package + " " + e.Test }

func (t *tally) end(e event) {
	said := t.said[e.key()]
	delete(t.said, e.key())
	if e.Test == "" {
		t.endPackage(e, said)
		return
	}
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		fmt.Fprintf(t.out, "SKIPPED %s %s\n%s", e.Package, e.Test, strings.Join(said, ""))
	case "fail":
		t.failed++
		if t.broken == nil {
			t.broken = map[string]bool{}
		}
		t.broken[e.Package] = true
		fmt.Fprintf(t.out, "FAILED %s %s\n%s", e.Package, e.Test, strings.Join(said, ""))
	}
}

// endPackage counts a package that failed without a failed test: it did not
// build, panicked, or leaked goroutines.
func (t *tally) endPackage(e event, said []string) {
	if e.Action == "fail" && !t.broken[e.Package] {
		t.failed++
	}
	if e.Action == "fail" {
		fmt.Fprint(t.out, strings.Join(said, ""))
	}
	if e.Action != "skip" {
		fmt.Fprintf(t.out, "%-4s %s %.1fs\n", e.Action, e.Package, e.Elapsed)
	}
}

package lambda

import (
	"path/filepath"
	"slices"
	"strings"
)

// BuildError says which functions do not compile, and why.
type BuildError struct {
	// Functions are those whose own package does not compile; when a package that
	// they share does not, all that were being built.
	Functions []string
	// Output is what the Go compiler says, with paths relative to the module's root.
	Output string
}

// Error has a line with the functions, and then the compiler's output.
func (e *BuildError) Error() string {
	return "does not build: " + strings.Join(e.Functions, ", ") + "\n" + e.Output
}

func newBuildError(root, output string, targets []*target) *BuildError {
	output = strings.TrimSpace(output)
	var all, named []string
	for _, t := range targets {
		all = append(all, t.functions...)
		if mentions(output, root, t.dir) {
			named = append(named, t.functions...)
		}
	}
	if len(named) == 0 {
		named = all
	}
	slices.Sort(named)
	return &BuildError{Functions: named, Output: output}
}

// mentions reports whether a line of the compiler's is about a file or the package in dir.
func mentions(output, root, dir string) bool {
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		rel = dir
	}
	rel = filepath.ToSlash(rel)
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(filepath.ToSlash(line))
		pkg, header := strings.CutPrefix(line, "# ")
		if header && strings.HasSuffix(pkg, "/"+rel) {
			return true
		}
		file, _, _ := strings.Cut(strings.TrimPrefix(line, "./"), ":")
		if !header && strings.HasSuffix(file, ".go") && strings.HasPrefix(file, rel+"/") {
			return true
		}
	}
	return false
}

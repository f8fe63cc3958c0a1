package main

import (
	"errors"
	"fmt"
	"strings"

	"edgestream/infra/local/lambda"
)

// oneLine is why the program ends, in one line. Of what the compiler says that is the first
// error; go build tells the rest.
func oneLine(err error) string {
	var build *lambda.BuildError
	if !errors.As(err, &build) {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	return fmt.Sprintf("%s: does not build: %s", strings.Join(build.Functions, ", "), firstError(build.Output))
}

// firstError is the first line of the compiler's that is no heading.
func firstError(output string) string {
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return "go build failed"
}

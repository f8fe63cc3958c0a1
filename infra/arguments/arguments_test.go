package arguments

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestHelpIsForWhoAsksForIt(t *testing.T) {
	for argument, c := range map[string]struct{ printed, says string }{
		"--size=7":    {},
		"--size=many": {"", `invalid value "many" for flag -size: parse error; --help lists the flags`},
		"--sise=7":    {"", "flag provided but not defined: -sise; --help lists the flags"},
		"--help":      {"what it does\n  -size int\n    \thow much\n", flag.ErrHelp.Error()},
	} {
		var out strings.Builder
		fs := flag.NewFlagSet("tool", flag.ContinueOnError)
		size := fs.Int("size", 0, "how much")
		err := Parse(fs, []string{argument, "rest"}, &out, "what it does\n")
		if says := c.says; out.String() != c.printed || (err == nil) != (says == "") || err != nil && err.Error() != says {
			t.Errorf("%s prints %q: %v", argument, out.String(), err)
		}
		if errors.Is(err, flag.ErrHelp) != (argument == "--help") || err == nil && (*size != 7 || fs.Arg(0) != "rest") {
			t.Errorf("%s: %v, size %d, %q", argument, err, *size, fs.Args())
		}
	}
}

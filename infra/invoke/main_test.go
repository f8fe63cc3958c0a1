package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
)

func TestFlagsAreRead(t *testing.T) {
	var out strings.Builder
	o, err := parseOptions([]string{"--jobs", "3", "a", "b.json"}, &out)
	if err != nil || o.jobs != 3 || !slices.Equal(o.only, []string{"a", "b.json"}) || o.template != "template.yaml" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err = parseOptions([]string{"--job", "3"}, &out); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "--help") || out.Len() > 0 {
		t.Errorf("%v, printed %q", err, out.String())
	}
	if _, err = parseOptions([]string{"--help"}, &out); !errors.Is(err, flag.ErrHelp) || !strings.Contains(out.String(), "-jobs") || !strings.Contains(out.String(), "usage:") {
		t.Errorf("%v, printed %q", err, out.String())
	}
}

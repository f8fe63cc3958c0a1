package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestAWorkloadOfOnesOwnIsShownAlone(t *testing.T) {
	for args, c := range map[string]struct{ has, hasNot []string }{
		"": {[]string{"The floor is what API Gateway itself charges", "wide: 100,000 people", "within this project's own target of 1.03", "within this project's own target of 1.50", "sessions of 5 min"},
			[]string{"would listen to"}},
		"--workload rooms": {[]string{"The floor is", "rooms: 500 rooms of 20"}, []string{"wide", "sessions of 5 min", "would listen to", "target"}},
		"--workload wide --connections 5000 --width 5000": {[]string{"wide with --connections 5000 --width 5000\n", "\nbench=cost wide_ratio="},
			[]string{"100,000 people", "rooms", "sessions of 5 min", "would listen to", "target"}},
		"--workload wide --connections 5000":    {[]string{"--width 100000 listeners has more than there are --connections, 5000"}, []string{"would listen to"}},
		"--workload wide --streams 20":          {[]string{"each connection would listen to 20 streams", "subscribes to 1 in this bill:"}, []string{"Mind: a stream"}},
		"--workload wide --connections 1000000": {[]string{"of 1000000 connections 100000 at the most hear anything"}, nil},
		"--workload notifications --width 5":    {nil, []string{"Mind"}},
		"--workload wide --bytes 130992":        {[]string{"wide with --bytes 130992\n"}, nil},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), append([]string{"cost"}, strings.Fields(args)...), &out, io.Discard); err != nil {
			t.Errorf("%s: %v", args, err)
		}
		for _, words := range c.has {
			if !strings.Contains(out.String(), words) {
				t.Errorf("%q is not in what cost %s prints:\n%s", words, args, &out)
			}
		}
		for _, words := range c.hasNot {
			if strings.Contains(out.String(), words) {
				t.Errorf("%q is in what cost %s prints:\n%s", words, args, &out)
			}
		}
	}
}

func TestWhatTheModelDoesNotDescribeIsRefused(t *testing.T) {
	for args, says := range map[string]string{
		"--workload nothing":               `there is no workload "nothing": want wide, notifications or rooms`,
		"--connections 5000":               "--connections 5000: say with --workload what it changes: wide, notifications or rooms",
		"--workload wide --width -1":       "a number from 0 on",
		"--workload wide --width many":     "a number from 0 on",
		"--workload wide --width Inf":      "a number from 0 on",
		"--workload wide --minutes 121":    "--minutes is from 1 to 120",
		"--workload wide --ids 2":          "--ids is at most 1",
		"--workload wide --connections -5": "a number from 0 on",
		"--workload wide --connections 0":  "--connections is 0",
		"--workload wide --shards 0":       "--shards at least 1",
		"--workload wide --bytes 130993":   "a frame over 128 KB is not sent, so that a payload has 130992 bytes at the most",
		"--peak 0":                         "--peak is at least 1",
		"--figures main.go":                "figures of main.go: invalid character",
		"--figures nowhere":                "nowhere",
	} {
		err := run(t.Context(), append([]string{"cost"}, strings.Fields(args)...), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryBenchmarkSaysWhatItMeasures(t *testing.T) {
	for _, b := range benchmarks {
		var out bytes.Buffer
		if err := run(t.Context(), []string{b.name, "--help"}, io.Discard, &out); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: %v", b.name, err)
		}
		if !strings.Contains(out.String(), b.help) || !strings.Contains(out.String(), "  -") {
			t.Errorf("%s --help: %s", b.name, out.String())
		}
	}
	if err := run(t.Context(), []string{"cost", "--sockets"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-sockets; --help lists the flags") {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"nothing"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Error(err)
	}
}

func TestNothingToMeasureIsSaid(t *testing.T) {
	for command, says := range map[string]string{
		"fanout --sockets -1 --sse 0":                          "--sockets -1: want 0 or more",
		"fanout --sockets 10 --events 0 --single 0 --sse 0":    "--events 0: want 1 or more",
		"fanout --sockets 10 --single 0 --sse 0":               "--single 0: want 1 or more",
		"fanout --sockets 0 --sse 0":                           "nothing to measure",
		"fanout --sockets 0 --events 0 --sse 1 --sse-events 0": "--sse-events 0: want 1 or more",
		"units --times 0":                                      "--times 0: want 1 or more",
		"units --idle 0s":                                      "--idle 0s: want a positive duration",
		"filters --events 0":                                   "--events 0: want 1 or more",
		"channels --cold 0":                                    "--cold 0: want 1 or more",
		"versus --rounds 0":                                    "--rounds 0: want 1 or more",
		"init --runs 0":                                        "--runs 0: want 1 or more",
		"sizes --listeners 1":                                  "--listeners 1: want 2 or more",
		"post --count 0":                                       "--count 0: want 1 or more",
		"post 7":                                               `unknown argument "7"`,
	} {
		err := run(t.Context(), strings.Fields(command), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// Figures worked out by hand: an eighth of a gigabyte for an hour, and two polls a second.
func TestWhatAnHourCosts(t *testing.T) {
	got := streamHour(128, 3600)
	for name, figures := range map[string][2]float64{
		"time":      {got.time, 0.006},
		"reads":     {got.reads, 0.00045},
		"requests":  {got.requests, 0.000000857},
		"WebSocket": {socketHour().total(), 0.000015},
		"ratio":     {got.total() / socketHour().total(), 430},
	} {
		if math.Abs(figures[0]/figures[1]-1) > 0.001 {
			t.Errorf("%s is %v, want %v", name, figures[0], figures[1])
		}
	}
}

func TestAStatusHasItsSizeAndItsNumber(t *testing.T) {
	for _, size := range []int{400, 1000, 3000} {
		for _, mentioned := range []string{"", blocked} {
			payload := statusOf(42, size, mentioned)["payload"].(*types.AttributeValueMemberS).Value
			if len(payload) != size || statusNumber([]byte(payload)) != 42 || strings.Contains(payload, blocked) != (mentioned != "") {
				t.Errorf("%d bytes instead of %d: %s", len(payload), size, payload)
			}
		}
	}
	for _, payload := range []string{"", "{}", `{"id":"x"}`, "7"} {
		if n := statusNumber([]byte(payload)); n != -1 {
			t.Errorf("%s has number %d", payload, n)
		}
	}
}

func TestAMatchIsToldFromNone(t *testing.T) {
	for payload, want := range map[string]bool{
		`{"id":"1"}`:               false,
		`{"id":"1","filtered":[]}`: false,
		`{"id":"1","filtered":[{"filter":{},"keyword_matches":["Edgestream"],"status_matches":null}]}`: true,
	} {
		if annotated([]byte(payload)) != want {
			t.Errorf("%s: %v", payload, !want)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// idler is a contestant whose turns are made up.
func idler(name, id string, perCore ...float64) *contestant {
	c := &contestant{name: name, id: id, version: "1"}
	for round, n := range perCore {
		t := turn{round: round, single: newOutcome(), burst: newOutcome(), cpu: 2, idle: 10, kilobytes: 3}
		t.burst.delivered, t.burst.took = int(2*n), time.Second
		t.burst.record(7 * time.Millisecond)
		t.single.delivered = 1
		t.single.record(5 * time.Millisecond)
		c.turns = append(c.turns, t)
	}
	return c
}

func TestRatiosAreOfTurnsOfOneRound(t *testing.T) {
	a, b := idler("a", "a", 100, 300, 900), idler("b", "b", 50, 100, 100)
	if ratio, ok := overRounds(a, b); !ok || ratio != 3 {
		t.Errorf("%v %v", ratio, ok)
	}
	b.turns = b.turns[2:]
	if ratio, ok := overRounds(a, b); !ok || ratio != 9 {
		t.Errorf("only the last round: %v %v", ratio, ok)
	}
	for _, other := range []*contestant{nil, idler("c", "c")} {
		if _, ok := overRounds(a, other); ok {
			t.Errorf("a ratio to %v", other)
		}
	}
}

func TestAReportHasEveryoneAndWhoIsLeftOut(t *testing.T) {
	missing := &contestant{name: "Sockudo", id: sockudoID, failed: errors.New("there is no cargo")}
	all := []*contestant{idler("Edgestream", oursID, 600), idler("serverless-offline", offlineID, 100), missing}
	var out bytes.Buffer
	reportVersus(&out, all, versusFlags{sockets: 500, events: 40, single: 10, rounds: 1})
	for _, want := range []string{"500 sockets, 40 events of 1000 bytes", "Sockudo: left out: there is no cargo", "Edgestream makes 6.00 times",
		"bench=versus ratio=6.00 edgestream_per_core=600 edgestream_p50_ms=5.0", "serverless_offline_connection_kb=3 serverless_offline_lost=0\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("without %q:\n%s", want, out.String())
		}
	}
}

func TestWhatIsLostFailsAndWhoIsMissingDoesNot(t *testing.T) {
	broken := errors.New("broken")
	lossy := idler("lossy", offlineID, 1)
	lossy.turns[0].burst.lost = 7
	for _, test := range []struct {
		name string
		c    *contestant
		want string
	}{
		{"good", idler("good", oursID, 1), ""},
		{"lossy", lossy, "7 events lost"},
		{"no Sockudo", &contestant{id: sockudoID, failed: broken}, ""},
		{"no Edgestream", &contestant{id: channelsID, failed: broken}, "broken"},
	} {
		err := versusVerdict([]*contestant{test.c})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestAContestantThatFailsHasNoMoreTurns(t *testing.T) {
	starts := 0
	c := &contestant{name: "none", start: func(context.Context) (rival, error) { starts++; return nil, errors.New("does not start") }}
	for round := range 3 {
		if err := c.turn(t.Context(), versusFlags{rounds: 3}, round); err != nil {
			t.Error(err)
		}
	}
	if starts != 1 || c.failed == nil || !strings.Contains(c.failed.Error(), "round 1: does not start") {
		t.Errorf("%d starts, %v", starts, c.failed)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c.failed = nil
	if err := c.turn(ended, versusFlags{}, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOnlyAStatusHasAPayload(t *testing.T) {
	body, err := encodeEvent(7, "bench")
	if err != nil {
		t.Fatal(err)
	}
	var sent publication
	if err := json.Unmarshal(body, &sent); err != nil || sent.Channels[0] != "bench" {
		t.Fatalf("%v: %s", err, body)
	}
	data, _ := json.Marshal(sent.Data)
	frame, _ := json.Marshal(channelFrame{sent.Name, "bench", data})
	if n := statusNumber(channelListener{}.payload(frame)); n != 7 {
		t.Errorf("number %d of %s", n, frame)
	}
	if p := (channelListener{}).payload([]byte(`{"event":"pusher:ping","data":"{}"}`)); p != nil {
		t.Errorf("%s", p)
	}
}

func TestAContestantToLeaveOutIsOneThatThereIs(t *testing.T) {
	var f versusFlags
	if err := f.leaveOut("serverless-offline,sockudo"); err != nil || len(f.skip) != 2 {
		t.Errorf("%q, %v", f.skip, err)
	}
	if err := f.leaveOut("soketi"); err == nil || !strings.Contains(err.Error(), `no contestant "soketi": there are edgestream, serverless-offline, `) {
		t.Error(err)
	}
}

package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/publish"
)

// taker is a queue that takes entries as its verdict says: "" takes one, else it is the code of its
// failure, "!" before it: the sender's fault.
type taker struct {
	verdict  func(call int, e part) string
	mu       sync.Mutex
	calls    int
	requests [][]part
	taken    []string // events, in the order in which they were taken
}

func (k *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct{ Entries []part }
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" || json.Unmarshal(body, &q) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	k.requests = append(k.requests, q.Entries)
	var answer batchResponseJSON
	for _, e := range q.Entries {
		code := k.verdict(k.calls, e)
		if code == "" {
			p, _ := publish.ParsePart([]byte(e.Body))
			k.taken = append(k.taken, p.Event)
			answer.Successful = append(answer.Successful, map[string]string{"Id": e.ID})
			continue
		}
		code, fault := strings.CutPrefix(code, "!")
		answer.Failed = append(answer.Failed, map[string]any{"Id": e.ID, "Code": code, "SenderFault": fault})
	}
	_ = json.NewEncoder(w).Encode(answer)
}

type batchResponseJSON struct {
	Successful []map[string]string
	Failed     []map[string]any
}

func eventOf(e part) string {
	p, _ := publish.ParsePart([]byte(e.Body))
	return p.Event
}

func TestWhatFailedStopsWhatFollowsInItsGroup(t *testing.T) {
	k := &taker{verdict: func(_ int, e part) string {
		if eventOf(e) == "a2" {
			return "!InvalidMessageContents"
		}
		return ""
	}}
	errs := newParts(t, k).Send(t.Context(), []publish.Part{partOf("a", 0, "a1", ""), partOf("a", 0, "a2", ""), partOf("b", 0, "b1", ""),
		partOf("a", 0, "a3", ""), partOf("b", 0, "b2", ""), partOf("a", 0, "a4", "")})
	for i, want := range []error{nil, ErrEntry, nil, ErrEarlier, nil, ErrEarlier} {
		if !errors.Is(errs[i], want) {
			t.Errorf("part %d: %v, want %v", i, errs[i], want)
		}
	}
	if slices.Sort(k.taken); !slices.Equal(k.taken, []string{"a1", "b1", "b2"}) || !strings.Contains(errs[1].Error(), "InvalidMessageContents") {
		t.Errorf("taken %q, %v", k.taken, errs[1])
	}
}

func TestWhatMayBeTakenIsSentAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		verdict  func(call int, e part) string
		taken    string
		requests []int // entries of each
		err      error
	}{
		"the service's fault": {func(call int, e part) string {
			return map[bool]string{true: "InternalError"}[call < 3 && eventOf(e) == "b"]
		}, "a c b", []int{3, 1, 1}, nil},
		"throttled":       {func(call int, e part) string { return map[bool]string{true: "!RequestThrottled"}[call < 2] }, "a b c", []int{3, 3}, nil},
		"again and again": {func(_ int, e part) string { return map[bool]string{true: "InternalError"}[eventOf(e) == "b"] }, "a c", []int{3, 1, 1}, ErrEntry},
	} {
		t.Run(name, func(t *testing.T) {
			k := &taker{verdict: tt.verdict}
			errs := newParts(t, k).Send(t.Context(), []publish.Part{partOf("a", 0, "a", ""), partOf("b", 0, "b", ""), partOf("c", 0, "c", "")})
			var requests []int
			for _, r := range k.requests {
				requests = append(requests, len(r))
			}
			if strings.Join(k.taken, " ") != tt.taken || !slices.Equal(requests, tt.requests) || !errors.Is(errs[1], tt.err) || errs[0] != nil || errs[2] != nil {
				t.Errorf("taken %q in requests of %v, errors %v", k.taken, requests, errs)
			}
		})
	}
}

func TestAnAnswerThatNamesNothingIsNoSuccess(t *testing.T) {
	for name, answer := range map[string]string{"nothing": `{}`, "another": `{"Successful":[{"Id":"7"}]}`, "no JSON": `<html>`} {
		t.Run(name, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
			if errs := newParts(t, h).Send(t.Context(), []publish.Part{partOf("a", 0, "a", "")}); errs[0] == nil {
				t.Error("no error")
			}
		})
	}
}

func TestARequestThatFailsFailsItsPartsAlone(t *testing.T) {
	k := &taker{verdict: func(int, part) string { return "" }}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "bad") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		k.ServeHTTP(w, r)
	})
	var parts []publish.Part
	for i := range 20 {
		parts = append(parts, partOf("public", i, map[bool]string{true: "bad", false: "good"}[i == 3], ""))
	}
	errs := newParts(t, h).Send(t.Context(), append(parts, partOf("public", 3, "later", ""), partOf("public", 13, "later", "")))
	for i, err := range errs {
		if failed := i < 10 || i == 20; failed != (err != nil) {
			t.Errorf("part %d: %v", i, err)
		}
	}
	if len(k.taken) != 11 || !errors.Is(errs[20], ErrEarlier) {
		t.Errorf("taken %q, %v", k.taken, errs[20])
	}
}

func TestAPartThatIsTooLargeIsNoPart(t *testing.T) {
	k := &taker{verdict: func(int, part) string { return "" }}
	errs := newParts(t, k).Send(t.Context(), []publish.Part{
		partOf("a", 0, "fits", strings.Repeat("x", 1<<20-200)), partOf("b", 0, "large", strings.Repeat("x", 1<<20)), partOf("b", 0, "later", "")})
	if errs[0] != nil || !errors.Is(errs[1], publish.ErrPart) || !strings.Contains(errs[1].Error(), "too large") || !errors.Is(errs[2], ErrEarlier) || errors.Is(errs[2], publish.ErrPart) {
		t.Error(errs)
	}
	if !slices.Equal(k.taken, []string{"fits"}) {
		t.Errorf("taken %q", k.taken)
	}
}

// Whatever fails and however large: what is on the queue of a group is its first parts, in their
// order, and no request is over a limit or holds a group twice.
func TestAGroupsPartsAreSentWithoutAHole(t *testing.T) {
	var k *taker
	q := newParts(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { k.ServeHTTP(w, r) }))
	rapid.Check(t, func(t *rapid.T) {
		fails := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "!x"}), 1, 40).Draw(t, "fails")
		k = &taker{verdict: func(_ int, e part) string { return fails[int(e.ID[0])%len(fails)] }}
		groups := rapid.SliceOfN(rapid.IntRange(0, 15), 0, 40).Draw(t, "groups")
		kilobytes := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 300}).Draw(t, "kilobytes")
		var parts []publish.Part
		for i, g := range groups {
			parts = append(parts, partOf("s", g, fmt.Sprintf("%d %04d", g, i), strings.Repeat("x", kilobytes<<10)))
		}
		errs := q.Send(context.Background(), parts)
		whole := map[int]bool{} // groups of which a part is missing
		for i, p := range parts {
			taken := slices.Contains(k.taken, p.Event)
			if taken != (errs[i] == nil) || taken && whole[p.Slice] {
				t.Fatalf("part %d of group %d: taken %v, error %v, an earlier one is missing: %v", i, p.Slice, taken, errs[i], whole[p.Slice])
			}
			whole[p.Slice] = whole[p.Slice] || !taken
		}
		for _, request := range k.requests {
			checkRequest(t, request)
		}
		last := map[string]string{}
		for _, event := range k.taken {
			g, n, _ := strings.Cut(event, " ")
			if n < last[g] {
				t.Fatalf("%s was sent after %s", n, last[g])
			}
			last[g] = n
		}
	})
}

func checkRequest(t *rapid.T, request []part) {
	size, groups := 0, map[string]bool{}
	for _, e := range request {
		size += len(e.Body)
		groups[e.Group] = true
	}
	if len(request) == 0 || len(request) > 10 || size > 1<<20 || len(groups) != len(request) {
		t.Fatalf("%d entries of %d groups, %d bytes", len(request), len(groups), size)
	}
}

func TestTheContextEndsTheTries(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := &taker{verdict: func(int, part) string { cancel(); return "InternalError" }}
	if errs := newParts(t, k).Send(ctx, []publish.Part{partOf("a", 0, "a", ""), partOf("a", 0, "b", "")}); errs[0] == nil || errs[1] == nil || k.calls > 1 {
		t.Errorf("%v after %d calls", errs, k.calls)
	}
}

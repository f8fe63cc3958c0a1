package main

import (
	"bytes"
	"flag"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

// plainFigures are round, so that a bill can be worked out by hand.
func plainFigures() figures {
	f := figures{Rows: map[string]unitCost{}}
	for _, name := range modelRows {
		f.Rows[name] = unitCost{ReadUnits: 1, WriteUnits: 2, Requests: 3, LogBytes: 660}
	}
	f.Rows[notificationRow] = unitCost{ReadUnits: 2, Requests: 2, LogBytes: 660}
	f.Rows[sweepRow] = unitCost{}
	return f
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Abs(want)+1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// dollars are those of the lines whose name begins so.
func dollars(lines []line, what string) (total float64) {
	for _, l := range lines {
		if strings.HasPrefix(l.service+" "+l.what, what) {
			total += l.dollars
		}
	}
	return total
}

// A thousand connections of an hour, each with a notification an hour: 720,000 sessions, as many
// notifications, and 43.2 million minutes.
func TestABillOfNotificationsByHand(t *testing.T) {
	w := workload{connections: 1000, minutes: 60, notifications: 1, bytes: 500, shards: 1}
	b := billOf(w, plainFigures())
	near(t, "messages", b.floor[0].dollars, 0.72)
	near(t, "connection-minutes", b.floor[1].dollars, 10.80)
	// Two rows of a read each, and two reads of a notification: 2.88 million units.
	near(t, "reads", dollars(b.own, "DynamoDB read units"), 0.36)
	// Two rows of two writes: 2.88 million units.
	near(t, "writes", dollars(b.own, "DynamoDB write units"), 1.80)
	near(t, "connecting", dollars(b.own, "Lambda connect, requests"), 0.144)
	// Three calls of 4 ms each, two of them side by side, of a quarter of a gigabyte.
	near(t, "connecting's time", dollars(b.own, "Lambda connect, GB-seconds"), 720_000*0.008*0.25*pricePerGBSecond)
	near(t, "leaving's time", dollars(b.own, "Lambda disconnect, GB-seconds"), 720_000*0.012*0.25*pricePerGBSecond)
	// A shard is asked 10,368,000 times a month, and 720,000 records come at random.
	batches := 10_368_000 * (1 - math.Exp(-720_000.0/10_368_000))
	near(t, "publish", dollars(b.own, "Lambda publish, requests"), batches*0.2e-6)
	near(t, "publish's time", dollars(b.own, "Lambda publish, GB-seconds"), batches*0.020*0.5*pricePerGBSecond)
	near(t, "alarms", dollars(b.own, "CloudWatch metrics that alarms"), 2.50)
	near(t, "Content", dollars(b.outside, "DynamoDB the application's"), 0.45)
	near(t, "ratio", b.ratio(), (11.52+sum(b.own))/11.52)
}

// A public stream with 100,000 listeners and one event: what is measured with a thousand, and 16
// parts of 6,250 listeners, which take 143 reads each instead of two.
func TestABillOfAWideEventByHand(t *testing.T) {
	f := plainFigures()
	f.Rows[publicRow] = unitCost{ReadUnits: 73, WriteUnits: 50, Invocations: map[string]float64{"Deliver": 13}}
	u := noUsage()
	u.wide(1, workload{width: 100_000, public: true, shards: 1}, f)
	near(t, "reads", u.reads, 73+16*141)
	near(t, "writes", u.writes, 50+16*3+49.5)
	near(t, "instances of deliver", u.invocations["deliver"], 13)
	// 20 s at the pace, in each instance, and three calls in each invocation.
	near(t, "GB-seconds", u.gigabyteSeconds["deliver"], (20*deliverers+13*0.012)*0.375)
	near(t, "requests to the queue", u.queue, 1.6+39)
}

func TestTheCausesAreTheWhole(t *testing.T) {
	f := plainFigures()
	for _, w := range namedWorkloads {
		sessions, events, sweep := causes(w.workload, f)
		b := billOf(w.workload, f)
		fixed := dollars(b.own, "CloudWatch metrics") + dollars(b.own, "DynamoDB GB") + receives*monthMinutes*pricePerFIFORequest
		near(t, w.name, sessions+events+sweep+fixed, sum(b.own))
	}
}

func TestMoreMessagesAreCheaperAfterABillion(t *testing.T) {
	near(t, "a billion", messagesCost(1e9), 1000)
	near(t, "two", messagesCost(2e9), 1800)
	near(t, "a message of 32 KB and more", workload{connections: 1, minutes: 60, notifications: 1, bytes: messageBytes}.messages32(), 2*monthHours)
}

func TestACostRisesWithEachQuantity(t *testing.T) {
	f, err := readFigures("")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range namedWorkloads {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		given := quantities(fs)
		fs.VisitAll(func(quantity *flag.Flag) {
			if quantity.Name == "minutes" { // longer sessions are fewer
				return
			}
			before := 0.0
			for _, value := range []string{"0", "0.01", "0.5", "1", "3", "20", "400", "499", "500", "501", "1000", "30000", "100000", "300000"} {
				*given = nil
				if err := quantity.Value.Set(value); err != nil {
					t.Fatal(err)
				}
				w := of.workload
				(*given)[0].set(&w)
				if w.check() != nil {
					continue
				}
				now := billOf(w, f).total()
				if now < before*(1-1e-9) || math.IsNaN(now) {
					t.Errorf("%s with --%s %s costs %v, less than %v before", of.name, quantity.Name, value, now, before)
				}
				before = now
			}
		})
		longer := of.workload
		longer.minutes = of.minutes / 2
		if billOf(longer, f).total() <= billOf(of.workload, f).total() {
			t.Errorf("%s: more sessions cost no more", of.name)
		}
	}
}

// What was measured is what the design says an event of a thousand listeners costs: for each key a
// look-up of three or four reads, of twice its share of the listeners that are not many, and one of what was closed; for each part a read of how far it got and two of
// its listeners; writes to open, to close, and two for a key's last, and some reservations.
func TestTheMeasuredFiguresAreThoseOfTheDesign(t *testing.T) {
	f, err := readFigures("")
	if err != nil {
		t.Fatal(err)
	}
	public := f.Rows[publicRow]
	if want := 8*4.5 + 16*3; math.Abs(public.ReadUnits/want-1) > 0.1 {
		t.Errorf("%v reads, want about %v", public.ReadUnits, want)
	}
	if least := 8*3 + 16.0; public.WriteUnits < least || public.WriteUnits > 2*least {
		t.Errorf("%v writes, want %v and some reservations", public.WriteUnits, least)
	}
	if d := public.Invocations["Deliver"]; d < 1.6 || d > 10 {
		t.Errorf("%v invocations of deliver for 16 parts", d)
	}
	if perPost(f) <= 0 {
		t.Error("a post takes no time")
	}
}

func TestWorkloadsAreAsCheapAsTheyShouldBe(t *testing.T) {
	f, err := readFigures("")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range namedWorkloads {
		if r := billOf(w.workload, f).ratio(); w.target > 0 && r > w.target {
			t.Errorf("%s: %v", w.name, r)
		}
	}
	wide := namedWorkloads[0]
	if e := eventAlone(wide.workload, f); e.all/e.floor > wide.target {
		t.Errorf("a wide event: %v", e.all/e.floor)
	}
}

func TestTheModelKnowsTheTemplate(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	resource := func(name string) string {
		return string(regexp.MustCompile(`(?m)^  ` + name + `:\n(    .*\n|\n)*`).Find(text))
	}
	for _, c := range []struct {
		of, pattern string
		want        float64
	}{
		{"Function", `MemorySize: (\d+)`, smallMemory},
		{"PublishFunction", `MemorySize: (\d+)`, largeMemory},
		{"PublishFunction", `BatchSize: (\d+)`, batchSize},
		{"DeliverFunction", `MemorySize: (\d+)`, deliverMemory},
		{"DeliverFunction", `BatchSize: (\d+)`, deliverBatch},
		{"DeliverConcurrency", `Default: (\d+)`, deliverers},
		{"WideListeners", `Default: (\d+)`, wideFrom},
		{"WidePostsPerSecond", `Default: (\d+)`, widePace},
		{"LogRetentionDays", `Default: (\d+)`, retention},
	} {
		found := regexp.MustCompile(c.pattern).FindStringSubmatch(resource(c.of))
		if found == nil || found[1] != whole(c.want) {
			t.Errorf("%s has %v, want %v", c.of, found, c.want)
		}
	}
	if level := regexp.MustCompile(`Default: (\w+)`).FindStringSubmatch(resource("SystemLogLevel")); level == nil || level[1] != "WARN" {
		t.Errorf("Lambda writes lines of its own by default: %v", level)
	}
	watched := 0
	for _, alarm := range regexp.MustCompile(`(?m)^  (\w+Alarm):`).FindAllStringSubmatch(string(text), -1) {
		watched += max(1, strings.Count(resource(alarm[1]), "MetricStat:"))
	}
	if watched != int(alarmed) {
		t.Errorf("alarms look at %d metrics", watched)
	}
}

func TestServersAreCheaperFromTheBreakEvenOn(t *testing.T) {
	f, err := readFigures("")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range namedWorkloads {
		at := defaultServers.breakEven(of.workload, f)
		for factor, cheaper := range map[float64]bool{0.99: false, 1.01: true} {
			w := of.workload.times(at * factor / of.connections)
			if got := defaultServers.month(w) < billOf(w, f).total(); got != cheaper {
				t.Errorf("%s: with %v of %v connections servers are cheaper: %v", of.name, factor, at, got)
			}
		}
	}
	w := namedWorkloads[0].workload
	near(t, "servers for 200,000 at the busiest time", defaultServers.count(w), 4)
	// 1.33 million bytes an hour for each of 100,000; the balancer's 2 units hold the connections.
	perHour := 720 * (2*pricePerServerHour + pricePerRedisHour + pricePerBalancerHour)
	near(t, "two servers", defaultServers.month(workload{connections: 1, minutes: 60}), perHour+720*pricePerBalancerUnit*2/100_000)
}

func TestCostPrintsWorkloadsAndALine(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"cost"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	last := out.String()[strings.LastIndex(strings.TrimSpace(out.String()), "\n")+1:]
	for _, w := range namedWorkloads {
		if !strings.Contains(last, " "+w.name+"_ratio=1.") {
			t.Errorf("%s is not in %s", w.name, last)
		}
	}
}

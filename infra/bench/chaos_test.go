package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A short run on the real stack: nothing is lost and nothing is out of order.
func TestNothingIsLostInChaos(t *testing.T) {
	var out bytes.Buffer
	// What deliver is killed over lies in the queue for longer than a test may take.
	f := chaosFlags{duration: 5 * time.Second, settle: 3 * time.Minute, seed: 3, clients: 6, listeners: 6, readers: 4, subscribers: 2, wide: 4, rate: 10,
		spare: []string{"Deliver"}, root: "../.."}
	if err := chaos(t.Context(), &out, f); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-1]
	if lines[0] != "seed 3" || !strings.HasPrefix(last, "bench=chaos seed=3 ") || !strings.Contains(last, " lost=0 disorder=0 ") {
		t.Errorf("it prints\n%s", out.String())
	}
	for _, nothing := range []string{" written=0 ", " due=0 ", " kills=0 ", " faults=0 ", " deliver=0 "} {
		if strings.Contains(last, nothing) {
			t.Errorf("nothing has happened: %s", last)
		}
	}
	t.Log(last)
}

// Ctrl-C ends the faults and the writing, and what was until then is reported.
func TestChaosThatIsInterruptedReports(t *testing.T) {
	halt, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out bytes.Buffer
	f := chaosFlags{duration: time.Hour, settle: 3 * time.Minute, seed: 4, clients: 2, readers: 2, wide: 4, rate: 10, spare: []string{"Deliver"}, root: "../..",
		begun: func() { time.AfterFunc(2*time.Second, interrupt) }}
	if err := chaos(halt, &out, f); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"interrupted after 2s\n", " lost=0 disorder=0 "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestFailuresAreCountedByWhatTheyAre(t *testing.T) {
	for want, text := range map[string]string{
		"Greet: RetriesExhausted, Error: gone":         `{"Body":"{\"requestContext\":{\"functionArn\":\"arn:aws:lambda:us-east-1:1:function:GreetFunction:$LATEST\",\"condition\":\"RetriesExhausted\"},\"responsePayload\":{\"errorMessage\":\"RequestId: d0fd1d55-0b3c Error: gone\"}}"}`,
		"Publish: RecordAgeExceeded":                   `{"Body":"{\"requestContext\":{\"functionArn\":\"arn:aws:lambda:us-east-1:1:function:PublishFunction\",\"condition\":\"RecordAgeExceeded\"},\"DDBStreamBatchInfo\":{}}"}`,
		"dead letter of HookQueue: received too often": `{"Body":"x","Attributes":{"DeadLetterQueueSourceArn":"arn:aws:sqs:us-east-1:1:HookQueue"}}`,
		"record of the table Content: unknown kind":    `{"Body":"{\"eventSourceARN\":\"arn:aws:dynamodb:us-east-1:1:table/Content/stream/2026\"}","MessageAttributes":{"reason":{"StringValue":"unknown kind"}}}`,
		"something else: no reason":                    `{"Body":"what"}`,
	} {
		var f failure
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if f.String() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
	var out bytes.Buffer
	leftovers{counts: map[string]int{"Greet: gone": 2, "record": 1}}.print(&out)
	if !strings.Contains(out.String(), "     2 Greet: gone\n     1 record\n") || !strings.Contains(out.String(), "redrive") {
		t.Errorf("it prints\n%s", out.String())
	}
}

// What a greeting had whose instance died is lost, and nobody's fault; but not to who has ids.
func TestWhatIsLostWithGreetIsCountedByItself(t *testing.T) {
	frame := `{"stream":["public"],"event":"update","payload":"{\"mark\":\"a\",\"n\":4}"}`
	body, err := json.Marshal(map[string]any{"requestContext": map[string]string{"functionArn": "GreetFunction"}, "requestPayload": map[string]any{"frames": []string{frame, "{}"}}})
	if err != nil {
		t.Fatal(err)
	}
	had := failure{Body: string(body)}.events()
	if !slices.Equal(had, []eventName{{"a", 4}}) {
		t.Fatalf("it had %v", had)
	}
	var v verdict
	for _, kind := range []chaosKind{plainSocket, socketWithIDs} {
		for _, n := range []int{4, 5} {
			v.of[kind].lost++
			v.faulty = append(v.faulty, misfortune{&chaosClient{kind: kind}, publicKey, "lost", writtenEvent{eventName{"a", n}, at(0)}})
		}
	}
	leftovers{given: map[eventName]bool{{"a", 4}: true}}.excuse(&v)
	if v.of[plainSocket].lost != 1 || v.of[plainSocket].greet != 1 || v.of[socketWithIDs].lost != 2 || len(v.faulty) != 3 || v.all().greet != 1 {
		t.Errorf("%+v, %d faulty", v.of, len(v.faulty))
	}
}

// at is a time in seconds.
func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

// One owner's events 1 to 6, written at as many seconds.
func six() (all []writtenEvent) {
	for n := 1; n <= 6; n++ {
		all = append(all, writtenEvent{eventName{"a", n}, at(n)})
	}
	return all
}

func TestWhatIsLostOutOfOrderAndTwice(t *testing.T) {
	for name, c := range map[string]struct {
		from   int
		got    []int
		ids    []string // nil: plain
		stands bool
		want   sums
		lost   []int
	}{
		"everything":                        {1, []int{1, 2, 3, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6}, nil},
		"nothing":                           {1, nil, nil, true, sums{due: 6, lost: 6}, []int{1, 2, 3, 4, 5, 6}},
		"nothing of what it can be":         {1, nil, nil, false, sums{}, nil},
		"from the third on":                 {3, []int{3, 4, 5, 6}, nil, true, sums{due: 4, delivered: 4}, nil},
		"what was on its way before":        {3, []int{2, 3, 4, 5, 6}, nil, true, sums{due: 4, delivered: 4}, nil},
		"the end breaks with the socket":    {1, []int{1, 2, 3}, nil, false, sums{due: 3, delivered: 3}, nil},
		"the end is lost on one that holds": {1, []int{1, 2, 3, 4}, nil, true, sums{due: 6, delivered: 4, lost: 2}, []int{5, 6}},
		"the middle is lost":                {1, []int{1, 2, 4}, nil, false, sums{due: 4, delivered: 3, lost: 1}, []int{3}},
		"out of order":                      {1, []int{1, 3, 2, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6, disorder: 1}, nil},
		"again, and the same event":         {1, []int{1, 2, 3, 2, 3, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6, twice: 2}, nil},
		"again by its id":                   {1, []int{1, 2, 1, 2, 3, 4, 5, 6}, []string{"p", "q", "p", "q", "r", "s", "t", "u"}, true, sums{due: 6, delivered: 6, twice: 2}, nil},
		"again by another id":               {1, []int{1, 2, 2, 3, 4, 5, 6}, []string{"p", "q", "z", "r", "s", "t", "u"}, true, sums{due: 6, delivered: 6, disorder: 1}, nil},
	} {
		r := newReceipt()
		r.from = at(c.from)
		for i, n := range c.got {
			id := ""
			if c.ids != nil {
				id = c.ids[i]
			}
			r.take(eventName{"a", n}, id)
		}
		got, missing := r.count(six(), c.stands)
		var lost []int
		for _, m := range missing {
			lost = append(lost, m.N)
		}
		if got != c.want || !slices.Equal(lost, c.lost) {
			t.Errorf("%s: %+v, missing %v, want %+v, %v", name, got, lost, c.want, c.lost)
		}
	}
}

func TestOwnersAreOrderedEachByItself(t *testing.T) {
	r := newReceipt()
	r.from = at(0)
	for _, e := range []eventName{{"a", 2}, {"b", 1}, {"a", 3}, {"b", 2}} {
		if !r.take(e, "") {
			t.Errorf("%v is out of order", e)
		}
	}
}

func TestTheSeedDecidesWhichCallsFail(t *testing.T) {
	choices := func(seed uint64) (all []string) {
		c, err := newCallbacks(seed)
		if err != nil {
			t.Fatal(err)
		}
		defer c.proxy.Close()
		c.start()
		for n := range 2000 {
			f, _ := c.choose(at(0).Add(time.Duration(n) * 10 * time.Millisecond))
			if f != nil {
				all = append(all, f.name)
			}
		}
		c.stop()
		if f, _ := c.choose(at(60)); f != nil {
			t.Errorf("after the end it fails with %s", f.name)
		}
		return all
	}
	one := choices(1)
	if !slices.Equal(one, choices(1)) || slices.Equal(one, choices(2)) {
		t.Error("calls do not fail as the seed has it")
	}
	for _, f := range apiFaults {
		if !slices.Contains(one, f.name) {
			t.Errorf("no call fails with %s", f.name)
		}
	}
}

// A post that times out or is cut off is delivered or not, as its fault says, and is remembered.
func TestAFaultDeliversAsItSays(t *testing.T) {
	delivered := 0
	behind := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered++ }))
	defer behind.Close()
	c, err := newCallbacks(5)
	if err != nil {
		t.Fatal(err)
	}
	defer c.proxy.Close()
	if err := c.proxy.Before(behind.URL); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for n, f := range apiFaults {
		f.hold = 0
		before := delivered
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.with(&f, 0, w, r) }))
		body := `{"stream":["public"],"event":"update","payload":"{\"mark\":\"a\",\"n\":` + string(rune('1'+n)) + `}"}`
		status := 0
		if r, err := client.Post(server.URL+"/prod/@connections/one", "application/json", strings.NewReader(body)); err == nil {
			status = r.StatusCode
			r.Body.Close()
		}
		client.CloseIdleConnections()
		server.Close()
		if status != f.status || (delivered > before) != f.delivered {
			t.Errorf("%s: status %d, delivered %d times", f.name, status, delivered-before)
		}
		if posts := c.of(eventName{"a", n + 1}); len(posts) != 1 || posts[0].connection != "one" || !strings.Contains(posts[0].what, f.name) {
			t.Errorf("%s is remembered as %v", f.name, posts)
		}
	}
}

// What is asked while the database stalls is answered when that is over, and it comes back from a
// restart at the same address.
func TestADatabaseStallsAndComesBack(t *testing.T) {
	d, err := newDatabase(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	behind := client(d.proxy.URL)
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.stall(t.Context(), 500*time.Millisecond)
	}()
	longest := time.Duration(0)
	for ended := false; !ended; {
		select {
		case <-over:
			ended = true
		default:
		}
		began := time.Now()
		if _, err := behind.ListTables(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	if longest < 100*time.Millisecond {
		t.Errorf("nothing was held: the longest answer took %v", longest)
	}
	if err := d.restart(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := behind.ListTables(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A DynamoDB Local is killed with its connections, and comes back at the same address with its tables.
func TestADynamoDBLocalComesBackWithItsTables(t *testing.T) {
	homes, _ := filepath.Glob("../../.cache/dynamodb-*")
	if _, err := exec.LookPath("java"); err != nil || len(homes) == 0 {
		t.Skip("./infra/test go_dynamodb_local fetches it; needs Java")
	}
	d, err := newDatabase(t.Context(), "", homes[0])
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	_, err = d.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("Content"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("owner"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("owner"), KeyType: types.KeyTypeHash}}})
	if err == nil {
		err = putItem(t.Context(), d.db, "Content", item{"owner": text("1")})
	}
	if err != nil {
		t.Fatal(err)
	}
	first := d.local.process.Process.Pid
	if err := d.restart(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	got, err := client(d.proxy.URL).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("Content"), Key: item{"owner": text("1")}})
	if err != nil || len(got.Item) != 1 || d.local.process.Process.Pid == first {
		t.Errorf("%v, %v", got, err)
	}
}

func TestADynamoDBLocalThatIsNotThereIsSaid(t *testing.T) {
	if _, err := newDatabase(t.Context(), "", t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no DynamoDB Local in ") {
		t.Error(err)
	}
	if err := (chaosFlags{duration: 1, settle: 1, rate: 1, clients: 1, dynamodb: "http://x", local: "y"}).check(); err == nil {
		t.Error("two databases are taken")
	}
}

package stack_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// seedVariable has the test make the same choices again, as far as the machine lets it.
const seedVariable = "EDGESTREAM_SEED"

// Connections are cut by both sides and function instances are killed while events flow. In the end
// every client has what was written, each once, in order per owner.
func TestNobodyLosesAnEventWhateverIsKilled(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("%s=%d", seedVariable, seed)
	d := newDatabase(t)
	d.fail(late(d.engine, rand.New(rand.NewPCG(seed, 3))))
	w := newStack(t, "--dynamodb", d.proxy.URL, "--stream-poll", "25ms", "--demo=false", "--retry-delay", "100ms", "--schedule-every", "1s", "--streams", "1000",
		"--parameter", "MaxReaders=1000", "--parameter", "MaxConnections=1000", "--parameter", "SsePollMilliseconds=200",
		// Responses end by themselves after ten seconds: twenty are kept for their end.
		"--template", changedTemplate(t, "Timeout: 900", "Timeout: 30"))
	w.db = databaseClient(w.http, d.direct.URL)
	k := newKillings(t, w, rand.New(rand.NewPCG(seed, 1)))
	defer k.report()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, f := range k.followers {
		running.Go(func() { f.run(ctx) })
	}
	eventually(t, "all listen", k.listening)
	k.everyoneWrites() // so that each has an id to come back with
	eventually(t, "all have something", k.complete)
	var writing sync.WaitGroup
	stop := make(chan struct{})
	writing.Go(func() { k.write(stop) })
	k.wreak(rand.New(rand.NewPCG(seed, 2)))
	close(stop)
	writing.Wait()
	eventually(t, "all have everything", k.complete)
	k.everyoneWrites()
	eventually(t, "all have what came after", k.complete)
}

// killings are the followers of a stack, and what was written for them.
type killings struct {
	t         *testing.T
	w         *world
	random    *rand.Rand // of what is written
	tag       string
	accounts  []string
	authors   []string
	followers []*follower

	mu sync.Mutex
	// written is what each stream is to get: by the stream's name and its account's, if it has one.
	written map[string]map[string][]int
	next    map[string]int
	done    []string // what was cut, closed and killed
}

func newKillings(t *testing.T, w *world, random *rand.Rand) *killings {
	k := &killings{t: t, w: w, random: random, tag: "kill" + fresh(), written: map[string]map[string][]int{}, next: map[string]int{}}
	for range 3 {
		account := fresh()
		k.accounts = append(k.accounts, account)
		k.authors = append(k.authors, "author"+fresh())
		k.follow(account, overSocket, "user")
		k.follow(account, overEvents, "user")
	}
	k.follow(k.accounts[0], overSocket, "hashtag", "public", "user:notification")
	k.follow(k.accounts[1], overSocket, "public", "user", "hashtag")
	k.follow(k.accounts[0], overEvents, "public")
	k.follow(k.accounts[1], overEvents, "hashtag")
	k.follow(k.accounts[2], overEvents, "user:notification")
	return k
}

func (k *killings) follow(account string, visit func(context.Context, *follower) error, streams ...string) {
	f := &follower{t: k.t, w: k.w, account: account, token: k.w.token(k.t, account, "read"), visit: visit,
		name: fmt.Sprint(len(k.followers), " ", account, " ", streams)}
	for _, stream := range streams {
		s := &followed{stream: stream, ids: map[string]bool{}, marks: map[string][]int{}}
		if stream == "hashtag" {
			s.tag = k.tag
		}
		f.follows = append(f.follows, s)
	}
	k.followers = append(k.followers, f)
}

// expects is the name of what a follower's stream is to get.
func expects(f *follower, s *followed) string {
	if strings.HasPrefix(s.stream, "user") {
		return s.stream + " " + f.account
	}
	return s.stream
}

// one writes the owner's next change, for these streams.
func (k *killings) one(owner string, item func(m mark, payload string) row, streams ...string) {
	k.mu.Lock()
	k.next[owner]++
	m := mark{owner, k.next[owner]}
	for _, s := range streams {
		if k.written[s] == nil {
			k.written[s] = map[string][]int{}
		}
		k.written[s][owner] = append(k.written[s][owner], m.N)
	}
	k.mu.Unlock()
	k.w.content(k.t, item(m, encode(m)))
}

// status is one by an author for everybody's home, the public and perhaps the tag.
func (k *killings) status(author string, tagged bool) {
	streams := []string{"public"}
	for _, account := range k.accounts {
		streams = append(streams, "user "+account)
	}
	tags := "[]"
	if tagged {
		streams, tags = append(streams, "hashtag"), `[{"name":"`+k.tag+`"}]`
	}
	k.one(author, func(m mark, payload string) row {
		payload = fmt.Sprintf(`%s,"id":"%d","visibility":"public","account":{"id":"%s","acct":"a"},"tags":%s}`, strings.TrimSuffix(payload, "}"), m.N, author, tags)
		return row{"owner": author, "id": fmt.Sprint("status#", m.N), "kind": "status", "home": set(k.accounts), "payload": payload}
	}, streams...)
}

func (k *killings) notification(account string) {
	k.one(account, func(m mark, payload string) row {
		return row{"owner": account, "id": fmt.Sprint("notification#", m.N), "kind": "notification", "payload": payload}
	}, "user "+account, "user:notification "+account)
}

func (k *killings) announcement() {
	var streams []string
	for _, account := range k.accounts {
		streams = append(streams, "user "+account)
	}
	k.one("announcements", func(m mark, payload string) row {
		return row{"owner": "announcements", "id": fmt.Sprint("announcement#", m.N), "kind": "announcement", "payload": payload}
	}, streams...)
}

func (k *killings) everyoneWrites() {
	for i := range k.accounts {
		k.status(k.authors[i], true)
		k.notification(k.accounts[i])
	}
	k.announcement()
}

// write writes at a steady rate until it is told to stop.
func (k *killings) write(stop chan struct{}) {
	for tick := time.NewTicker(25 * time.Millisecond); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		switch n := k.random.IntN(10); {
		case n < 6:
			k.status(k.authors[k.random.IntN(len(k.authors))], k.random.IntN(2) == 0)
		case n < 9:
			k.notification(k.accounts[k.random.IntN(len(k.accounts))])
		default:
			k.announcement()
		}
	}
}

package gomastodon

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mattn/go-mastodon"
)

// patience is how long anything may take: far more than it does on a busy machine.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	for _, name := range []string{"EDGE_URL", "DYNAMODB_URL", "RUNNER", "RUNNER_LOG"} {
		if os.Getenv(name) == "" {
			fmt.Fprintln(os.Stderr, "these tests need a runner: node ../harness/runner.js go test ./...")
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// item is an item of a table in plain JSON.
type item map[string]any

func put(t *testing.T, table string, i item)    { t.Helper(); runner(t, "put", table, i) }
func remove(t *testing.T, table string, i item) { t.Helper(); runner(t, "delete", table, i) }

// runner writes to a table as a person does, with the runner's own commands.
func runner(t *testing.T, command, table string, i item) {
	t.Helper()
	text, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Getenv("RUNNER"), command, "--endpoint", os.Getenv("DYNAMODB_URL"), table, string(text)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s %s: %v\n%s", command, table, text, err, out)
	}
}

// newAccount is the id and the token of a new account.
func newAccount(t *testing.T) (id, token string) {
	id, token = newID(), rand.Text()
	put(t, "Accounts", item{"key": tokenKey(token), "account": id, "scopes": []string{"read"}})
	return id, token
}

func tokenKey(token string) string {
	hash := sha256.Sum256([]byte(token))
	return "token#" + hex.EncodeToString(hash[:])
}

// newList is the id of a new list of the account.
func newList(t *testing.T, account string) string {
	list := newID()
	put(t, "Accounts", item{"key": "list#" + list, "account": account})
	return list
}

// newID is an id as Mastodon's are.
func newID() string { return fmt.Sprint(time.Now().UnixNano()) }

// admitted counts the sockets that were ever admitted or refused.
func admitted() int {
	log, _ := os.ReadFile(os.Getenv("RUNNER_LOG")) // it is there, or the runner were not
	return bytes.Count(log, []byte(`"route":"$connect"`))
}

var (
	admittedBefore = admitted()
	// dialled counts the sockets of this program. The library opens one more when it is told to
	// end.
	dialled atomic.Int64
)

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialled.Add(1)
	return new(net.Dialer).DialContext(ctx, network, address)
}

// listener is a stream that is open.
type listener struct {
	t      *testing.T
	events chan mastodon.Event
}

// listen opens a stream and waits until its socket was admitted: the library does not say when.
func listen(t *testing.T, token string, open func(context.Context, *mastodon.WSClient) (chan mastodon.Event, error)) listener {
	t.Helper()
	before := dialled.Load()
	l := listenUnready(t, token, open)
	for end := time.Now().Add(patience); dialled.Load() == before || admitted() < admittedBefore+int(dialled.Load()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no socket was opened")
		}
	}
	return l
}

// listenUnready opens a stream, and drains it at the end: the library sends its last error to
// whoever still listens.
func listenUnready(t *testing.T, token string, open func(context.Context, *mastodon.WSClient) (chan mastodon.Event, error)) listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	client := mastodon.NewClient(&mastodon.Config{Server: os.Getenv("EDGE_URL"), AccessToken: token})
	sockets := client.NewWSClient()
	sockets.NetDialContext = dial
	events, err := open(ctx, sockets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for range events {
		}
	})
	return listener{t, events}
}

func (l listener) next() mastodon.Event {
	l.t.Helper()
	select {
	case e := <-l.events:
		return e
	case <-time.After(patience):
		l.t.Fatal("no event came")
		return nil
	}
}

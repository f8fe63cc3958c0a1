package stack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"edgestream/infra/stack"
)

// havoc is how many connections and function instances are ended while events flow.
const havoc = 70

// wreak ends connections and instances, one after the other.
func (k *killings) wreak(random *rand.Rand) {
	for range havoc {
		switch f := k.followers[random.IntN(len(k.followers))]; random.IntN(4) {
		case 0:
			k.note("cut client " + f.name)
			f.cutOff()
		case 1:
			k.closeOne(random, f.account)
		default:
			k.killOne(random)
		}
		time.Sleep(time.Duration(20+random.IntN(240)) * time.Millisecond) // the rate of accidents
	}
}

func (k *killings) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done = append(k.done, time.Now().Format("05.000 ")+what)
}

// closeOne has API Gateway close one of the account's sockets.
func (k *killings) closeOne(random *rand.Rand, account string) {
	open := slices.DeleteFunc(k.w.connections(k.t, account), func(id string) bool { return !strings.HasSuffix(id, "=") }) // readers
	slices.Sort(open)
	if len(open) == 0 {
		return
	}
	id := open[random.IntN(len(open))]
	_, err := k.w.sockets.DeleteConnection(k.t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id})
	k.note(fmt.Sprintf("close %v %s of %s", err == nil, id, account)) // false: it is gone already
}

// killOne kills an instance of one function, each of which is as likely.
func (k *killings) killOne(random *rand.Rand) {
	function, pid, err := k.w.KillOne(random)
	if err != nil {
		k.t.Error(err)
	}
	k.note(fmt.Sprint("kill ", function, " ", pid))
}

// late has some entries appear in History later than those that are written after them, also when
// the instance that wrote them has been killed meanwhile.
func late(engine http.Handler, random *rand.Rand) stack.Fault {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return true // its writer was killed in the middle of it
		}
		r = r.WithContext(context.WithoutCancel(r.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		wait := random.IntN(100) == 0 && bytes.Contains(body, []byte(`"History"`))
		pause := time.Duration(random.IntN(400)) * time.Millisecond
		mu.Unlock()
		if wait {
			time.Sleep(pause) // as a network does
		}
		engine.ServeHTTP(w, r)
		return true
	}
}

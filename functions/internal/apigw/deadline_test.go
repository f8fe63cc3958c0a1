package apigw

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/stream"
)

// silent is a management API that never answers.
type silent struct{}

func (silent) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func unanswered() *Client {
	return NewClient("https://a1.example.com/prod", aws.Config{Region: "eu-west-1", HTTPClient: silent{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		})})
}

func TestEachRequestWaitsFiveToSixSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unanswered()
		var wg sync.WaitGroup
		for _, after := range []time.Duration{0, 0, 500 * time.Millisecond, time.Second, 1001 * time.Millisecond, 3 * time.Second, 6500 * time.Millisecond} {
			wg.Go(func() {
				time.Sleep(after)
				began := time.Now()
				err := c.Post(t.Context(), "id=", []byte("x"))
				if !errors.Is(err, stream.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				if waited := time.Since(began); waited < answerFor || waited > answerFor+sharedFor {
					t.Errorf("the request at %v waited %v", after, waited)
				}
			})
		}
		wg.Wait()
		if len(c.deadlines.open) > 0 {
			t.Errorf("%d deadlines are left", len(c.deadlines.open))
		}
	})
}

func TestACallerEndsItsOwnRequestsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unanswered()
		mine, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var wg sync.WaitGroup
		for caller, want := range map[context.Context]time.Duration{mine: time.Second, t.Context(): answerFor + sharedFor} {
			wg.Go(func() {
				if err := c.Disconnect(caller, "id="); !errors.Is(err, caller.Err()) && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				if waited := time.Since(began); waited != want {
					t.Errorf("waited %v, want %v", waited, want)
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
	})
}

package apigw_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"go.uber.org/goleak"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var credentials = aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "secret", SessionToken: "to/ken=="}

// seen is what a request looked like to the server.
type seen struct {
	Method, URI, Host, ContentType, Body string
	// Signed says that the signature is the one that the SDK's signer makes of what arrived.
	Signed bool
}

// fake is a management API that answers each request alike and remembers it.
type fake struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func newFake(t testing.TB, answer http.HandlerFunc) *fake {
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.remember(t, r)
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) remember(t testing.TB, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, seen{r.Method, r.RequestURI, r.Host, r.Header.Get("Content-Type"), string(body), signedAs(t, r, body)})
}

func (f *fake) last() seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) == 0 {
		return seen{}
	}
	return f.seen[len(f.seen)-1]
}

// signedAs signs again what arrived and compares.
func signedAs(t testing.TB, r *http.Request, body []byte) bool {
	authorization := r.Header.Get("Authorization")
	_, names, _ := strings.Cut(authorization, "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Error(err)
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.RequestURI, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
	}
	for _, name := range strings.Split(names, ";") {
		if values := r.Header.Values(name); values != nil {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, again, hex.EncodeToString(sum[:]), "execute-api", "eu-west-1", at); err != nil {
		t.Error(err)
	}
	return again.Header.Get("Authorization") == authorization
}

// config is for a client of the fake.
func config(t testing.TB) aws.Config {
	transport := awsenv.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		Region: "eu-west-1", HTTPClient: transport,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}
}

func (f *fake) client(t testing.TB) *apigw.Client { return apigw.NewClient(f.URL+"/prod", config(t)) }

// failing answers as API Gateway does.
func failing(status int, errorType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if errorType != "" {
			w.Header().Set("X-Amzn-ErrorType", errorType)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"message": null}`)
	}
}

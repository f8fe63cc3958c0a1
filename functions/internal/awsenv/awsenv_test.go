package awsenv

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setenv(t *testing.T, pairs map[string]string) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "GOGC", "GOMEMLIMIT"} {
		t.Setenv(name, pairs[name])
	}
}

func TestConfigIsReadFromTheEnvironment(t *testing.T) {
	setenv(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T"})
	cfg := Config()
	c, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil || c.AccessKeyID != "A" || c.SecretAccessKey != "S" || c.SessionToken != "T" || cfg.Region != "eu-west-1" {
		t.Errorf("%+v %v %s", c, err, cfg.Region)
	}
}

func TestMissingCredentialsAreNamed(t *testing.T) {
	setenv(t, map[string]string{"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "A"})
	cfg := Config()
	if _, err := cfg.Credentials.Retrieve(context.Background()); err == nil || !strings.Contains(err.Error(), "AWS_SECRET_ACCESS_KEY") {
		t.Error(err)
	}
	if cfg.Region != "eu-west-1" {
		t.Errorf("region %q", cfg.Region)
	}
}

func TestEndpoints(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"public":       {map[string]string{"AWS_REGION": "eu-west-1"}, "https://sqs.eu-west-1.amazonaws.com"},
		"China":        {map[string]string{"AWS_REGION": "cn-north-1"}, "https://sqs.cn-north-1.amazonaws.com.cn"},
		"all services": {map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://a"}, "http://a"},
		"this service": {map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_SQS": "http://b"}, "http://b"},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, tt.env)
			if got := Endpoint(Config(), "sqs"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// counting is a server that counts its connections.
func counting(t *testing.T) (*httptest.Server, *atomic.Int64) {
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s, &connections
}

func get(t *testing.T, transport *Transport, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

func TestConnectionsAreNotUsedAgainAfterAFreeze(t *testing.T) {
	server, connections := counting(t)
	transport := NewTransport()
	defer transport.CloseIdleConnections()
	now := time.Now()
	transport.now = func() time.Time { return now }
	for i, step := range []struct {
		gap  time.Duration
		want int64
	}{{0, 1}, {time.Second, 1}, {29 * time.Second, 1}, {31 * time.Second, 2}, {time.Second, 2}, {-time.Hour, 2}, {time.Second, 2}, {24 * time.Hour, 3}} {
		now = now.Add(step.gap)
		get(t, transport, server.URL)
		if got := connections.Load(); got != step.want {
			t.Errorf("step %d, after %v: %d connections, want %d", i, step.gap, got, step.want)
		}
	}
}

func TestManyRequestsAtOnceKeepTheirConnections(t *testing.T) {
	server, connections := counting(t)
	transport := NewTransport()
	defer transport.CloseIdleConnections()
	for range 3 {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() { get(t, transport, server.URL) })
		}
		wg.Wait()
	}
	if got := connections.Load(); got > 96 { // one goes back to the others a moment after its answer was read
		t.Errorf("%d connections for 64 requests at a time", got)
	}
}

func TestWarmOpensAConnectionThatTheFirstCallUses(t *testing.T) {
	server, connections := counting(t)
	setenv(t, map[string]string{"AWS_REGION": "eu-west-1"})
	cfg := Config()
	transport := cfg.HTTPClient.(*Transport)
	defer transport.CloseIdleConnections()
	<-Warm(cfg, server.URL+"/prod", "http://127.0.0.1:1", "://")
	get(t, transport, server.URL)
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want the warmed one alone", got)
	}
}

func TestWarmOverTLSAndThenTheCall(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	setenv(t, map[string]string{"AWS_REGION": "eu-west-1"})
	cfg := Config()
	transport := cfg.HTTPClient.(*Transport)
	transport.Trust(server.Client().Transport.(*http.Transport).TLSClientConfig)
	defer transport.CloseIdleConnections()
	<-Warm(cfg, server.URL)
	get(t, transport, server.URL)
}

func TestAProxyIsUsedOnlyWhereOneIsConfigured(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	if proxy() != nil {
		t.Error("a proxy is asked for where none is configured")
	}
	t.Setenv("https_proxy", "http://proxy:3128")
	if proxy() == nil {
		t.Error("a configured proxy is not used")
	}
}

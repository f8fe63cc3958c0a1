package apigw_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
)

const (
	posters   = 64
	frameSize = 1 << 10
	// round is how many posts are measured before the other way has its turn: the two take turns,
	// so that what else the machine does slows both alike.
	round = 1024
)

// lambdaCredentials are as long as those of a real function: all of them is sent each time.
func lambdaCredentials() aws.CredentialsProvider {
	c := aws.Credentials{AccessKeyID: "ASIAXXXXXXXXXXXXXXXX", SecretAccessKey: strings.Repeat("s", 40), SessionToken: strings.Repeat("t", 700)}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// BenchmarkPost posts frames of 1 KB from 64 goroutines and reports how that compares with
// unsigned posts by a plain http.Client to the same server: ratio 1 would be no cost at all. It is the
// median of the rounds'. cpu-ratio is the same of processor time, which says more while the machine does
// other things too.
func BenchmarkPost(b *testing.B) {
	b.Run("http", func(b *testing.B) { benchmarkPost(b, started((*httptest.Server).Start)) })
	b.Run("tls", func(b *testing.B) { benchmarkPost(b, started((*httptest.Server).StartTLS)) })
}

// started is a server that keeps its log, of connections that end early, out of the figures.
func started(start func(*httptest.Server)) *httptest.Server {
	server := httptest.NewUnstartedServer(accepting())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(server)
	return server
}

func accepting() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})
}

func benchmarkPost(b *testing.B, server *httptest.Server) {
	defer server.Close()
	frame := bytes.Repeat([]byte("x"), frameSize)
	transport := awsenv.NewTransport()
	transport.Trust(server.Client().Transport.(*http.Transport).TLSClientConfig)
	defer transport.CloseIdleConnections()
	client := apigw.NewClient(server.URL+"/prod", aws.Config{Region: "eu-west-1", Credentials: lambdaCredentials(), HTTPClient: transport})
	bareTransport := server.Client().Transport.(*http.Transport).Clone()
	bareTransport.MaxIdleConnsPerHost = 2 * posters
	defer bareTransport.CloseIdleConnections()
	bare := barePost(&http.Client{Transport: bareTransport}, server.URL+"/prod/@connections/PJqB0fHsqRcCHlw%3D", frame)
	own := func() error { return client.Post(context.Background(), "PJqB0fHsqRcCHlw=", frame) }
	measure(b, 2*posters, own)
	measure(b, 2*posters, bare)

	var ownTime, bareTime, ownCPU, bareCPU time.Duration
	var ratios, cpuRatios []float64
	b.ResetTimer()
	for left := b.N; left > 0; left -= round {
		n := min(left, round)
		ours, oursCPU := measure(b, n, own)
		theirs, theirsCPU := measure(b, n, bare)
		ownTime, bareTime, ownCPU, bareCPU = ownTime+ours, bareTime+theirs, ownCPU+oursCPU, bareCPU+theirsCPU
		if n == round || ratios == nil {
			ratios = append(ratios, theirs.Seconds()/ours.Seconds())
			cpuRatios = append(cpuRatios, theirsCPU.Seconds()/oursCPU.Seconds())
		}
	}
	b.ReportMetric(float64(b.N)/ownTime.Seconds(), "posts/s")
	b.ReportMetric(float64(b.N)/bareTime.Seconds(), "bare/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(float64(ownCPU.Microseconds())/float64(b.N), "cpu-us/post")
	b.ReportMetric(float64(bareCPU.Microseconds())/float64(b.N), "cpu-us/bare")
	b.ReportMetric(median(cpuRatios), "cpu-ratio")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func barePost(client *http.Client, url string, frame []byte) func() error {
	return func() error {
		res, err := client.Post(url, "application/octet-stream", bytes.NewReader(frame))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
}

// measure calls post n times from all goroutines together, and returns the time that it took, and the
// processors' time with the server's.
func measure(b *testing.B, n int, post func() error) (took, cpu time.Duration) {
	var wg sync.WaitGroup
	start, before := time.Now(), processorTime()
	for i := range posters {
		wg.Go(func() {
			for range (n + i) / posters {
				if err := post(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start), processorTime() - before
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// patience is how long one call may take; an invocation of a function takes up to 15 minutes.
const patience = 15 * time.Minute

// account makes signed calls of AWS's APIs. Bodies go and come as the services have them, so that a
// record is passed on as it was.
type account struct {
	endpoint, region string
	machine          string // where everything answers if the queue is on this machine
	credentials      aws.CredentialsProvider
	http             *http.Client
}

func connect(ctx context.Context, o options) (*account, error) {
	machine := imds.ClientDefaultEnableState
	here := machineOf(o.queueURL)
	if o.endpoint != "" || here != "" {
		machine = imds.ClientDisabled // which elsewhere than on AWS is waited for in vain
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSClientEnableState(machine))
	if err != nil {
		return nil, err
	}
	a := &account{endpoint: o.endpoint, machine: here, credentials: cfg.Credentials, http: &http.Client{Timeout: patience, Transport: http.DefaultTransport.(*http.Transport).Clone()}}
	a.region = cmp.Or(o.region, regionOf(o.queueURL), cfg.Region, "us-east-1")
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if machine != imds.ClientDisabled {
			return nil, fmt.Errorf("no AWS credentials (log in as for the AWS CLI, or name --endpoint-url): %w", err)
		}
		a.credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil // what runs on this machine takes any
		})
	}
	return a, nil
}

// machineOf is the URL's scheme and host if that is this machine, or else empty.
func machineOf(queueURL string) string {
	u, err := url.Parse(queueURL)
	if err != nil || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// regionOf reads sqs.REGION.amazonaws.com.
func regionOf(queueURL string) string {
	if u, err := url.Parse(queueURL); err == nil {
		if parts := strings.Split(u.Hostname(), "."); len(parts) > 3 && parts[0] == "sqs" {
			return parts[1]
		}
	}
	return ""
}

// api is a service: the name that its signatures have, and that of its host and variable.
type api struct{ signing, host, target string }

var (
	sqsAPI     = api{"sqs", "sqs", "AmazonSQS"}
	tableAPI   = api{"dynamodb", "dynamodb", "DynamoDB_20120810"}
	streamsAPI = api{"dynamodb", "streams.dynamodb", "DynamoDBStreams_20120810"}
	lambdaAPI  = api{"lambda", "lambda", ""}
)

// url is where the service answers.
func (a *account) url(s api) string {
	variable := map[api]string{sqsAPI: "SQS", tableAPI: "DYNAMODB", streamsAPI: "DYNAMODB_STREAMS", lambdaAPI: "LAMBDA"}[s]
	domain := "amazonaws.com"
	if strings.HasPrefix(a.region, "cn-") {
		domain += ".cn"
	}
	return strings.TrimSuffix(cmp.Or(os.Getenv("AWS_ENDPOINT_URL_"+variable), a.endpoint, os.Getenv("AWS_ENDPOINT_URL"), a.machine,
		"https://"+s.host+"."+a.region+"."+domain), "/")
}

// refusal is an error that a service has answered with.
type refusal struct {
	status        int
	kind, message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s (%d): %s", cmp.Or(r.kind, "error"), r.status, r.message)
}

// tries is how often a call is made that meets an outage or too many calls.
const tries = 5

// call is an operation of a service that speaks JSON with X-Amz-Target.
func (a *account) call(ctx context.Context, s api, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		var answer []byte
		answer, _, err = a.send(ctx, s, http.MethodPost, "/", http.Header{
			"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {s.target + "." + operation}}, body)
		if err == nil && len(answer) > 0 { // SQS has nothing to say to some calls
			err = json.Unmarshal(answer, out)
		}
		var r *refusal
		if err == nil || n == tries || !errors.As(err, &r) || !r.passes() || !pause(ctx, time.Duration(n)*300*time.Millisecond) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// passes reports whether the same call may succeed a moment later.
func (r *refusal) passes() bool {
	return r.status >= 500 || strings.Contains(r.kind, "Throttl") || r.kind == "LimitExceededException" || r.kind == "ProvisionedThroughputExceededException"
}

// send makes one signed request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (a *account) send(ctx context.Context, s api, method, path string, header http.Header, body []byte) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.url(s)+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header = header
	credentials, err := a.credentials.Retrieve(ctx)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), s.signing, a.region, time.Now()); err != nil {
		return nil, nil, err
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = refused(response, answer)
	}
	return answer, response.Header, err
}

func refused(response *http.Response, answer []byte) error {
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	_ = json.Unmarshal(answer, &e) // an answer of another form has its status
	kind := e.Type[strings.LastIndexByte(e.Type, '#')+1:]
	kind, _, _ = strings.Cut(cmp.Or(kind, response.Header.Get("X-Amzn-ErrorType")), ":")
	return &refusal{response.StatusCode, kind, e.Message}
}

// Package awsenv makes the AWS configuration of a function from its environment, by hand: the
// SDK's LoadDefaultConfig links clients of four sign-on services that a function never uses, and
// starts a millisecond later.
//
// It reads what Lambda sets, https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
// (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), and the endpoint
// variables of https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
package awsenv

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
)

// Config is the function's region, credentials and a shared HTTP client with a Transport. What is
// missing fails the first call, with an error that names it. It also has Go's garbage collector use the memory
// that the function has.
func Config() aws.Config {
	useMemory()
	return aws.Config{
		Region:      cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Credentials: credentials(),
		HTTPClient:  NewTransport(),
	}
}

// DynamoDB calls DynamoDB.
func DynamoDB(cfg aws.Config) *awscall.Client {
	return awscall.New(cfg, "dynamodb", Endpoint(cfg, "dynamodb"))
}

// Endpoint is where a service is called: AWS_ENDPOINT_URL_{SERVICE}, else AWS_ENDPOINT_URL, else
// the service's public endpoint in the region. The service is its lower-case name in host names.
func Endpoint(cfg aws.Config, service string) string {
	own := "AWS_ENDPOINT_URL_" + strings.ToUpper(service)
	if endpoint := cmp.Or(os.Getenv(own), os.Getenv("AWS_ENDPOINT_URL")); endpoint != "" {
		return endpoint
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(cfg.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return "https://" + service + "." + cfg.Region + "." + suffix
}

// credentials are read once: Lambda never changes them during the life of an instance.
func credentials() aws.CredentialsProvider {
	c := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	var err error
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		err = errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, err })
}

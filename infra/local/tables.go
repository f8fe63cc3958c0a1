package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"edgestream/infra/local/template"
	"edgestream/infra/sdkhttp"
)

// database is DynamoDB as this program reaches it: the embedded engine or another endpoint.
type database struct {
	url     string
	items   *dynamodb.Client
	streams *dynamodbstreams.Client
	// streamARNs by table name; a stream's ARN is known only when its table is there.
	streamARNs map[string]string
}

func newDatabase(url, region string) *database {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 10
	cfg := aws.Config{Region: region, Credentials: aws.CredentialsProviderFunc(credentials), HTTPClient: sdkhttp.Client(transport)}
	return &database{
		url:        url,
		items:      dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &url }),
		streams:    dynamodbstreams.NewFromConfig(cfg, func(o *dynamodbstreams.Options) { o.BaseEndpoint = &url }),
		streamARNs: map[string]string{},
	}
}

// credentials are the environment's where it has some (for --dynamodb with an AWS URL);
// engines on this machine accept any.
func credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" {
		c = aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}
	}
	return c, nil
}

// ensure creates the tables that are missing and learns every stream's ARN.
func (d *database) ensure(ctx context.Context, tables []template.Table) error {
	for _, t := range tables {
		if err := d.ensureTable(ctx, t); err != nil {
			return fmt.Errorf("table %s at %s: %w", t.Name, d.url, err)
		}
	}
	return nil
}

func (d *database) ensureTable(ctx context.Context, t template.Table) error {
	_, err := d.items.CreateTable(ctx, createTable(t))
	var exists *types.ResourceInUseException
	created := err == nil
	if err != nil && !errors.As(err, &exists) {
		return err
	}
	description, err := d.active(ctx, t.Name)
	if err != nil {
		return err
	}
	if t.StreamViewType != "" && aws.ToString(description.LatestStreamArn) == "" {
		return fmt.Errorf("the table exists without the stream that the template asks for; enable it or delete the table")
	}
	d.streamARNs[t.Name] = aws.ToString(description.LatestStreamArn)
	if created && t.TTLAttribute != "" {
		_, err = d.items.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &t.Name,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &t.TTLAttribute, Enabled: aws.Bool(true)}})
	}
	return err
}

func (d *database) active(ctx context.Context, table string) (*types.TableDescription, error) {
	input := &dynamodb.DescribeTableInput{TableName: &table}
	err := dynamodb.NewTableExistsWaiter(d.items, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 50 * time.Millisecond }).
		Wait(ctx, input, time.Minute)
	if err != nil {
		return nil, err
	}
	out, err := d.items.DescribeTable(ctx, input)
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

func createTable(t template.Table) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, KeySchema: keySchema(t.Keys), BillingMode: types.BillingMode(t.BillingMode), ProvisionedThroughput: throughput(t.Throughput)}
	for _, a := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &a.Name, AttributeType: types.ScalarAttributeType(a.Type)})
	}
	for _, i := range t.LocalIndexes {
		in.LocalSecondaryIndexes = append(in.LocalSecondaryIndexes, types.LocalSecondaryIndex{IndexName: &i.Name, KeySchema: keySchema(i.Keys), Projection: projection(i)})
	}
	for _, i := range t.GlobalIndexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{IndexName: &i.Name, KeySchema: keySchema(i.Keys), Projection: projection(i), ProvisionedThroughput: throughput(i.Throughput)})
	}
	if t.StreamViewType != "" {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(t.StreamViewType)}
	}
	return in
}

func keySchema(keys []template.Key) []types.KeySchemaElement {
	var out []types.KeySchemaElement
	for _, k := range keys {
		out = append(out, types.KeySchemaElement{AttributeName: &k.Name, KeyType: types.KeyType(k.Type)})
	}
	return out
}

func projection(i template.Index) *types.Projection {
	return &types.Projection{ProjectionType: types.ProjectionType(i.ProjectionType), NonKeyAttributes: i.NonKeyAttributes}
}

func throughput(t *template.Throughput) *types.ProvisionedThroughput {
	if t == nil {
		return nil
	}
	return &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(int64(t.Read)), WriteCapacityUnits: aws.Int64(int64(t.Write))}
}

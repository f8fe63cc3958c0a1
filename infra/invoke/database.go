package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"edgestream/infra/local/template"
)

// database speaks DynamoDB's JSON protocol, so that seeds and rows stay as they are
// written: the SDK's types have no JSON form.
type database struct {
	url string
	// key is the access key, and with it the database in DynamoDB Local.
	key string
}

func (d database) as(key string) database { return database{d.url, key} }

func (d database) call(ctx context.Context, operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	// DynamoDB Local reads the key and the region, and checks no signature.
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+d.key+"/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", operation, res.Status, answer)
	}
	return json.Unmarshal(answer, output)
}

type object = map[string]any

// create makes a table as the template describes it, but for what an empty table in
// memory does not need: streams and capacity.
func (d database) create(ctx context.Context, t template.Table) error {
	input := object{"TableName": t.Name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": keySchema(t.Keys)}
	var attributes []object
	for _, a := range t.Attributes {
		attributes = append(attributes, object{"AttributeName": a.Name, "AttributeType": a.Type})
	}
	input["AttributeDefinitions"] = attributes
	if t.LocalIndexes != nil {
		input["LocalSecondaryIndexes"] = indexes(t.LocalIndexes)
	}
	if t.GlobalIndexes != nil {
		input["GlobalSecondaryIndexes"] = indexes(t.GlobalIndexes)
	}
	return d.call(ctx, "CreateTable", input, new(object))
}

func keySchema(keys []template.Key) (out []object) {
	for _, k := range keys {
		out = append(out, object{"AttributeName": k.Name, "KeyType": k.Type})
	}
	return out
}

func indexes(list []template.Index) (out []object) {
	for _, index := range list {
		projection := object{"ProjectionType": index.ProjectionType}
		if index.NonKeyAttributes != nil {
			projection["NonKeyAttributes"] = index.NonKeyAttributes
		}
		out = append(out, object{"IndexName": index.Name, "KeySchema": keySchema(index.Keys), "Projection": projection})
	}
	return out
}

// load writes a seed, a file with BatchWriteItem's RequestItems, in which a receiver's URL is put.
func (d database) load(ctx context.Context, folder, seed, url string) error {
	data, err := os.ReadFile(filepath.Join(folder, seed))
	if err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, []byte(receiver), []byte(url))
	var output struct{ UnprocessedItems object }
	if err := d.call(ctx, "BatchWriteItem", object{"RequestItems": json.RawMessage(data)}, &output); err != nil {
		return fmt.Errorf("%s: %w", seed, err)
	}
	if len(output.UnprocessedItems) > 0 {
		return fmt.Errorf("%s: not all of it was written", seed)
	}
	return nil
}

// rows reads all tables whole; they are small.
func (d database) rows(ctx context.Context, tables []template.Table) (map[string][]any, error) {
	out := map[string][]any{}
	for _, t := range tables {
		var page struct{ Items []any }
		if err := d.call(ctx, "Scan", object{"TableName": t.Name, "ConsistentRead": true}, &page); err != nil {
			return nil, err
		}
		out[t.Name] = page.Items
	}
	return out, nil
}

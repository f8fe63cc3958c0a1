package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// bareAPI is a server that takes the same requests, checks the same signature and writes the same
// items, and does nothing else.
type bareAPI struct {
	server *httptest.Server
	app    application
	meter  *meter
	db     *dynamodb.Client
}

// newBareAPI serves until it is closed.
func newBareAPI(ctx context.Context, app application) (*bareAPI, error) {
	b := &bareAPI{app: app, meter: newMeter()}
	b.db = client(b.meter.direct.URL)
	_, err := b.db.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String("Content"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("owner"), AttributeType: "S"}, {AttributeName: aws.String("id"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("owner"), KeyType: "HASH"}, {AttributeName: aws.String("id"), KeyType: "RANGE"}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}})
	if err != nil {
		b.meter.close()
		return nil, err
	}
	b.server = httptest.NewServer(b)
	return b, nil
}

func (b *bareAPI) close() {
	b.server.Close()
	b.meter.close()
}

// ServeHTTP publishes.
func (b *bareAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !b.app.admits(r, body, time.Now()) {
		http.Error(w, "Invalid signature", http.StatusUnauthorized)
		return
	}
	var p publication
	if err := json.Unmarshal(body, &p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := b.write(r.Context(), p); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, "{}")
}

// write puts an item for each channel, 25 to a call, calls side by side.
func (b *bareAPI) write(ctx context.Context, p publication) error {
	payload, err := json.Marshal(map[string]string{"name": p.Name, "data": p.Data})
	if err != nil {
		return err
	}
	calls, ctx := errgroup.WithContext(ctx)
	for channels := range slices.Chunk(p.Channels, 25) {
		calls.Go(func() error { return b.writeSome(ctx, channels, string(payload)) })
	}
	return calls.Wait()
}

func (b *bareAPI) writeSome(ctx context.Context, channels []string, payload string) error {
	now := time.Now()
	var requests []types.WriteRequest
	for _, channel := range channels {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item{
			"owner": text("app#" + b.app.id + "#" + channel), "id": text(fmt.Sprintf("event#%013d-%s", now.UnixMilli(), rand.Text())),
			"kind": text("event"), "payload": text(payload), "expiresAt": number(now.Add(5 * time.Minute).Unix()),
		}}})
	}
	answer, err := b.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"Content": requests}})
	if err == nil && len(answer.UnprocessedItems) > 0 {
		err = errors.New("items were left unwritten")
	}
	return err
}

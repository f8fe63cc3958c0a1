package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func putRequest(it item) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: it}}
}

func deleteRequest(key item) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key}}
}

// numbered makes n keys of partition b.
func numbered(t *testing.T, n int) []item {
	var list []item
	for i := range n {
		list = append(list, parse(t, fmt.Sprintf(`{"p":{"S":"b"},"s":{"N":"%d"}}`, i)))
	}
	return list
}

func TestBatchWriteAndGet(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		one, other := s.createTable(t), s.createTable(t)
		s.put(t, one, key)
		write, err := s.db.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
			one:   {deleteRequest(parse(t, key)), putRequest(parse(t, `{"p":{"S":"b"},"s":{"N":"1"},"x":{"S":"1"}}`))},
			other: {putRequest(parse(t, fixture)), deleteRequest(parse(t, `{"p":{"S":"b"},"s":{"N":"1"}}`))},
		}})
		if err != nil || len(write.UnprocessedItems) != 0 {
			t.Fatalf("BatchWriteItem: %v, %v", write, err)
		}
		get, err := s.db.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			one:   {Keys: []item{parse(t, key), parse(t, `{"p":{"S":"b"},"s":{"N":"1"}}`)}},
			other: {Keys: []item{parse(t, key)}, ProjectionExpression: aws.String("#n"), ExpressionAttributeNames: map[string]string{"#n": "n"}, ConsistentRead: aws.Bool(true)},
		}})
		if err != nil || len(get.UnprocessedKeys) != 0 {
			t.Fatalf("BatchGetItem: %v, %v", get, err)
		}
		if got, want := texts(get.Responses[one]), `{"p":{"S":"b"},"s":{"N":"1"},"x":{"S":"1"}}`; got != want {
			t.Errorf("the first table returned %s, want %s", got, want)
		}
		if got, want := texts(get.Responses[other]), `{"n":{"N":"5"}}`; got != want {
			t.Errorf("the second table returned %s, want %s", got, want)
		}
	})
}

func texts(items []item) string {
	var list []string
	for _, it := range items {
		list = append(list, text(it))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestBatchLimits(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		requests := func(n int) []types.WriteRequest {
			var list []types.WriteRequest
			for _, key := range numbered(t, n) {
				list = append(list, putRequest(key))
			}
			return list
		}
		writes := []struct {
			name     string
			table    string
			requests []types.WriteRequest
			err      string
		}{
			{"25 writes", table, requests(25), ""},
			{"26 writes", table, requests(26), validation + ": Too many items requested for the BatchWriteItem call"},
			{"no writes", table, []types.WriteRequest{}, validation},
			{"the same item twice", table, append(requests(2), deleteRequest(numbered(t, 1)[0])), validation + ": Provided list of item keys contains duplicates"},
			{"half a key", table, []types.WriteRequest{deleteRequest(parse(t, `{"p":{"S":"a"}}`))}, validation},
			{"no table", "NoSuchTable", requests(1), notFound},
		}
		for _, c := range writes {
			t.Run(c.name, func(t *testing.T) {
				_, err := s.db.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{c.table: c.requests}})
				wantError(t, err, c.err)
			})
		}
		reads := []struct {
			name  string
			table string
			keys  []item
			err   string
		}{
			{"100 reads", table, numbered(t, 100), ""},
			{"101 reads", table, numbered(t, 101), validation + ": Too many items requested for the BatchGetItem call"},
			{"the same key twice", table, append(numbered(t, 2), numbered(t, 1)...), validation + ": Provided list of item keys contains duplicates"},
			{"no table to read", "NoSuchTable", numbered(t, 1), notFound},
		}
		for _, c := range reads {
			t.Run(c.name, func(t *testing.T) {
				out, err := s.db.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{c.table: {Keys: c.keys}}})
				wantError(t, err, c.err)
				if err == nil && len(out.Responses[table]) != 25 {
					t.Errorf("%d items, want the 25 that there are", len(out.Responses[table]))
				}
			})
		}
	})
}

// What counts is what is read, not what a projection leaves of it.
func TestABatchGetReadsAtMost16MB(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, keys := s.createTable(t), numbered(t, 50)
		for _, key := range keys {
			it := maps.Clone(key)
			it["x"] = &types.AttributeValueMemberS{Value: strings.Repeat("x", 390<<10)}
			if _, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: it}); err != nil {
				t.Fatal(err)
			}
		}
		left := map[string]types.KeysAndAttributes{table: {Keys: keys, ProjectionExpression: aws.String("s")}}
		got, calls := 0, 0
		for len(left) > 0 && calls < 10 {
			out, err := s.db.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: left})
			if err != nil {
				t.Fatal(err)
			}
			got, calls, left = got+len(out.Responses[table]), calls+1, out.UnprocessedKeys
		}
		if got != len(keys) || calls < 2 {
			t.Errorf("%d items in %d calls, want %d in several", got, calls, len(keys))
		}
	})
}

package contract

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const indexes = types.ReturnConsumedCapacityIndexes

// used is what a response says about capacity: in all, table, local and global index.
type used struct{ total, table, local, global float64 }

func usedBy(c *types.ConsumedCapacity) used {
	u := used{total: aws.ToFloat64(c.CapacityUnits)}
	if c.Table != nil {
		u.table = aws.ToFloat64(c.Table.CapacityUnits)
	}
	u.local = aws.ToFloat64(c.LocalSecondaryIndexes["Local"].CapacityUnits)
	u.global = aws.ToFloat64(c.GlobalSecondaryIndexes["Global"].CapacityUnits)
	return u
}

// sized is an item of about that many bytes, with index key g unless that is "".
func sized(bytes int, g string) string {
	it := `{"p":{"S":"a"},"s":{"N":"1"},"y":{"S":"` + strings.Repeat("y", bytes) + `"}`
	if g != "" {
		it += `,"g":{"S":"` + g + `"}`
	}
	return it + "}"
}

func TestWriteUnits(t *testing.T) {
	cases := []struct {
		name, before, item string
		want               used
	}{
		{"a small item", "", sized(10, ""), used{1, 1, 0, 0}},
		{"2.5 KB", "", sized(2500, ""), used{3, 3, 0, 0}},
		{"the larger of old and new", sized(2500, ""), sized(10, ""), used{3, 3, 0, 0}},
		{"into both indexes", "", sized(2500, "g"), used{5, 3, 1, 1}},
		{"moved in both indexes", sized(10, "g"), sized(10, "h"), used{5, 1, 2, 2}},
		{"out of both indexes", sized(10, "g"), sized(10, ""), used{3, 1, 1, 1}},
		{"nothing that the indexes hold", sized(10, "g"), sized(20, "g"), used{1, 1, 0, 0}},
	}
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if _, err := s.db.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: parse(t, key)}); err != nil {
					t.Fatal(err)
				}
				if c.before != "" {
					s.put(t, table, c.before)
				}
				out, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, c.item), ReturnConsumedCapacity: indexes})
				if err != nil {
					t.Fatal(err)
				}
				if got := usedBy(out.ConsumedCapacity); got != c.want {
					t.Errorf("used %v, want %v", got, c.want)
				}
			})
		}
	})
}

func TestReadUnits(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		s.put(t, table, sized(9000, "g"), strings.Replace(sized(3000, "g"), `"N":"1"`, `"N":"2"`, 1))
		for _, consistent := range []bool{false, true} {
			factor := 0.5
			if consistent {
				factor = 1
			}
			get, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key), ConsistentRead: &consistent, ReturnConsumedCapacity: indexes})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := usedBy(get.ConsumedCapacity), (used{3 * factor, 3 * factor, 0, 0}); got != want {
				t.Errorf("GetItem, consistent %t: %v, want %v", consistent, got, want)
			}
			query, err := s.db.Query(t.Context(), &sdk.QueryInput{TableName: &table, KeyConditionExpression: aws.String("p = :p"),
				ExpressionAttributeValues: parse(t, `{":p":{"S":"a"}}`), ConsistentRead: &consistent, ReturnConsumedCapacity: indexes})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := usedBy(query.ConsumedCapacity), (used{3 * factor, 3 * factor, 0, 0}); got != want {
				t.Errorf("Query, consistent %t: %v, want %v (the sum of the sizes, rounded once)", consistent, got, want)
			}
		}
		index, err := s.db.Query(t.Context(), &sdk.QueryInput{TableName: &table, IndexName: aws.String("Global"), KeyConditionExpression: aws.String("g = :g"),
			ExpressionAttributeValues: parse(t, `{":g":{"S":"g"}}`), ReturnConsumedCapacity: indexes})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := usedBy(index.ConsumedCapacity), (used{0.5, 0, 0, 0.5}); got != want {
			t.Errorf("Query of an index: %v, want %v", got, want)
		}
	})
}

func TestReadingNothingCosts(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		get, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key), ReturnConsumedCapacity: indexes})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := usedBy(get.ConsumedCapacity), (used{0.5, 0.5, 0, 0}); got != want {
			t.Errorf("GetItem: %v, want %v", got, want)
		}
	})
}

func TestTransactionsCostDouble(t *testing.T) {
	onAWS(t, "it counts a transaction's writes four times, AWS twice", func(t *testing.T, s subject) {
		table := s.createTable(t)
		out, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{ReturnConsumedCapacity: indexes,
			TransactItems: []types.TransactWriteItem{transactPut(t, table, sized(1500, ""), ""), transactPut(t, table, keyB, "")}})
		if err != nil {
			t.Fatal(err)
		}
		c := out.ConsumedCapacity[0]
		if aws.ToFloat64(c.CapacityUnits) != 6 || aws.ToFloat64(c.WriteCapacityUnits) != 6 {
			t.Errorf("TransactWriteItems: %v and %v, want 6", aws.ToFloat64(c.CapacityUnits), aws.ToFloat64(c.WriteCapacityUnits))
		}
		get, err := s.db.TransactGetItems(t.Context(), &sdk.TransactGetItemsInput{ReturnConsumedCapacity: indexes, TransactItems: []types.TransactGetItem{
			{Get: &types.Get{TableName: &table, Key: parse(t, key)}}, {Get: &types.Get{TableName: &table, Key: parse(t, keyB)}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToFloat64(get.ConsumedCapacity[0].CapacityUnits); got != 4 {
			t.Errorf("TransactGetItems: %v, want 4", got)
		}
	})
}

func TestBatchesAddUp(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		write, err := s.db.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{ReturnConsumedCapacity: indexes, RequestItems: map[string][]types.WriteRequest{
			table: {putRequest(parse(t, sized(1500, ""))), putRequest(parse(t, keyB))}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToFloat64(write.ConsumedCapacity[0].CapacityUnits); got != 3 {
			t.Errorf("BatchWriteItem: %v, want 3", got)
		}
		get, err := s.db.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{ReturnConsumedCapacity: indexes, RequestItems: map[string]types.KeysAndAttributes{
			table: {Keys: []item{parse(t, key), parse(t, keyB)}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToFloat64(get.ConsumedCapacity[0].CapacityUnits); got != 1 {
			t.Errorf("BatchGetItem: %v, want 1 (each item rounded by itself)", got)
		}
	})
}

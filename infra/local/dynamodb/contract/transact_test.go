package contract

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func transactPut(t *testing.T, table, it, condition string) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: &table, Item: parse(t, it), ConditionExpression: optional(condition)}}
}

func transactCheck(t *testing.T, table, key, condition string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &table, Key: parse(t, key), ConditionExpression: &condition,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}}
}

func transactDelete(t *testing.T, table, key string) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &table, Key: parse(t, key)}}
}

func transactUpdate(t *testing.T, table, key, update string) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{TableName: &table, Key: parse(t, key), UpdateExpression: &update,
		ExpressionAttributeValues: parse(t, `{":v":{"N":"1"}}`)}}
}

const (
	keyB = `{"p":{"S":"b"},"s":{"N":"1"}}`
	keyC = `{"p":{"S":"c"},"s":{"N":"1"}}`
	keyD = `{"p":{"S":"d"},"s":{"N":"1"}}`
)

func TestATransactionIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, other := s.createTable(t), s.createTable(t)
		s.put(t, table, fixture, keyC)
		items := []types.TransactWriteItem{
			transactPut(t, other, keyB, "attribute_not_exists(p)"),
			transactUpdate(t, table, key, "SET n = n + :v"),
			transactDelete(t, table, keyC),
			transactCheck(t, table, keyD, "attribute_exists(p)"),
		}
		_, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: items})
		wantError(t, err, cancelled+": Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, None, ConditionalCheckFailed]")
		if s.get(t, other, keyB) != "" || s.get(t, table, key) != text(parse(t, fixture)) || s.get(t, table, keyC) == "" {
			t.Error("a cancelled transaction has left traces")
		}
		items[3] = transactCheck(t, table, keyD, "attribute_not_exists(p)")
		if _, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: items}); err != nil {
			t.Fatal(err)
		}
		if s.get(t, other, keyB) != keyB || s.get(t, table, keyC) != "" || s.get(t, table, keyD) != "" {
			t.Error("a transaction has not made its writes")
		}
	})
}

func TestACancellationSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		s.put(t, table, fixture)
		_, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			transactPut(t, table, keyB, ""),
			transactCheck(t, table, key, "attribute_not_exists(p)"),
			transactPut(t, table, `{"p":{"S":"c"},"s":{"N":"1"},"g":{"N":"1"}}`, ""),
		}})
		reasons := asType[*types.TransactionCanceledException](t, err).CancellationReasons
		if len(reasons) != 3 {
			t.Fatalf("%d reasons", len(reasons))
		}
		for i, want := range []string{"None", "ConditionalCheckFailed", "ValidationError"} {
			if got := aws.ToString(reasons[i].Code); got != want {
				t.Errorf("reason %d is %s, want %s", i, got, want)
			}
		}
		if got := text(reasons[1].Item); got != text(parse(t, fixture)) {
			t.Errorf("the failed check shows %s", got)
		}
		if !strings.HasPrefix(aws.ToString(reasons[1].Message), "The conditional request failed") {
			t.Errorf("the failed check says %q", aws.ToString(reasons[1].Message))
		}
	})
}

func TestBadTransactionsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		var many []types.TransactWriteItem
		for _, key := range numbered(t, 101) {
			many = append(many, types.TransactWriteItem{Put: &types.Put{TableName: &table, Item: key}})
		}
		cases := []struct {
			name  string
			items []types.TransactWriteItem
			err   string
		}{
			{"empty", []types.TransactWriteItem{}, validation},
			{"an item without an operation", []types.TransactWriteItem{{}}, validation},
			{"two operations in an item", []types.TransactWriteItem{{Put: transactPut(t, table, key, "").Put, Delete: transactDelete(t, table, keyB).Delete}}, validation + ": TransactItems can only contain one of Check, Put, Update or Delete"},
			{"the same item twice", []types.TransactWriteItem{transactPut(t, table, key, ""), transactDelete(t, table, key)}, validation + ": Transaction request cannot include multiple operations on one item"},
			{"101", many, validation + ": Member must have length less than or equal to 100"},
			{"100", many[:100], ""},
			{"a syntax error", []types.TransactWriteItem{transactPut(t, table, key, "p =")}, validation + ": Syntax error"},
			{"half a key", []types.TransactWriteItem{transactDelete(t, table, `{"p":{"S":"a"}}`)}, validation},
			{"no table", []types.TransactWriteItem{transactDelete(t, "NoSuchTable", key)}, notFound},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				_, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: c.items})
				wantError(t, err, c.err)
			})
		}
	})
}

func TestAnUpdateThatCannotBeAppliedCancels(t *testing.T) {
	onAWS(t, "it answers a plain ValidationException where AWS cancels the transaction", func(t *testing.T, s subject) {
		table := s.createTable(t)
		_, err := s.db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			transactUpdate(t, table, key, "SET a = nope + :v")}})
		wantError(t, err, cancelled+": [ValidationError]")
	})
}

func TestATokenMakesATransactionIdempotent(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		s.put(t, table, fixture)
		in := &sdk.TransactWriteItemsInput{ClientRequestToken: aws.String("token-" + table),
			TransactItems: []types.TransactWriteItem{transactUpdate(t, table, key, "ADD c :v")}}
		for range 3 {
			if _, err := s.db.TransactWriteItems(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		out, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key), ProjectionExpression: aws.String("c")})
		if err != nil || text(out.Item) != `{"c":{"N":"1"}}` {
			t.Errorf("the counter is %s, %v", text(out.Item), err)
		}
		in.TransactItems = []types.TransactWriteItem{transactDelete(t, table, key)}
		_, err = s.db.TransactWriteItems(t.Context(), in)
		wantError(t, err, "IdempotentParameterMismatchException")
	})
}

func TestTransactGetItems(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, other := s.createTable(t), s.createTable(t)
		s.put(t, table, fixture)
		get := func(table, key, projection string) types.TransactGetItem {
			return types.TransactGetItem{Get: &types.Get{TableName: &table, Key: parse(t, key), ProjectionExpression: optional(projection)}}
		}
		out, err := s.db.TransactGetItems(t.Context(), &sdk.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
			get(other, key, ""), get(table, key, "n"), get(table, keyB, "")}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"", `{"n":{"N":"5"}}`, ""} {
			if got := text(out.Responses[i].Item); got != want {
				t.Errorf("response %d is %s, want %s", i, got, want)
			}
		}
		_, err = s.db.TransactGetItems(t.Context(), &sdk.TransactGetItemsInput{TransactItems: []types.TransactGetItem{get(table, key, ""), get(table, key, "n")}})
		wantError(t, err, validation+": Transaction request cannot include multiple operations on one item")
	})
}

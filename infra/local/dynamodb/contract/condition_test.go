package contract

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// conditionCases try a condition on the fixture of the update tests.
var conditionCases = []struct {
	name, condition, values string
	holds                   bool
	err                     string
}{
	{name: "equal", condition: "n = :v", values: `{":v":{"N":"5.0"}}`, holds: true},
	{name: "equal of another type", condition: "n = :v", values: `{":v":{"S":"5"}}`},
	{name: "unequal of another type", condition: "n <> :v", values: `{":v":{"S":"5"}}`, holds: true},
	{name: "unequal to an absent attribute", condition: "nope <> :v", values: `{":v":{"S":"5"}}`, holds: true},
	{name: "absent attribute", condition: "nope = :v", values: `{":v":{"S":"5"}}`},
	{name: "numbers compare by value", condition: "n < :v", values: `{":v":{"N":"10"}}`, holds: true},
	{name: "texts compare by bytes", condition: "x < :v", values: `{":v":{"S":"texts"}}`, holds: true},
	{name: "greater or equal", condition: "n >= :v", values: `{":v":{"N":"5"}}`, holds: true},
	{name: "order of another type", condition: "n < :v", values: `{":v":{"S":"9"}}`},
	{name: "two paths", condition: "m.a < n", holds: true},
	{name: "whole documents", condition: "m = :v", values: `{":v":{"M":{"l":{"L":[{"S":"u"},{"S":"v"}]},"a":{"N":"1"}}}}`, holds: true},
	{name: "lists in another order", condition: "m.l = :v", values: `{":v":{"L":[{"S":"v"},{"S":"u"}]}}`},
	{name: "sets in another order", condition: "ss = :v", values: `{":v":{"SS":["b","a"]}}`, holds: true},
	{name: "between", condition: "n BETWEEN :a AND :b", values: `{":a":{"N":"5"},":b":{"N":"6"}}`, holds: true},
	{name: "between and more", condition: "n between :a and :b and attribute_exists(x)", values: `{":a":{"N":"5"},":b":{"N":"6"}}`, holds: true},
	{name: "in", condition: "x IN (:a, :b)", values: `{":a":{"S":"no"},":b":{"S":"text"}}`, holds: true},
	{name: "not in", condition: "NOT x IN (:a)", values: `{":a":{"S":"no"}}`, holds: true},
	{name: "and binds more than or", condition: "n = :v OR n = :v AND nope = :v", values: `{":v":{"N":"5"}}`, holds: true},
	{name: "parentheses", condition: "(n = :v OR n = :v) AND nope = :v", values: `{":v":{"N":"5"}}`},
	{name: "not binds most", condition: "NOT nope = :v AND n = :v", values: `{":v":{"N":"5"}}`, holds: true},
	{name: "exists", condition: "attribute_exists(m.l[1])", holds: true},
	{name: "exists past the end", condition: "attribute_exists(m.l[2])"},
	{name: "not exists", condition: "attribute_not_exists(n.a)", holds: true},
	{name: "type", condition: "attribute_type(m.l, :v)", values: `{":v":{"S":"L"}}`, holds: true},
	{name: "another type", condition: "attribute_type(m.l, :v)", values: `{":v":{"S":"SS"}}`},
	{name: "begins with", condition: "begins_with(x, :v)", values: `{":v":{"S":"te"}}`, holds: true},
	{name: "begins with, of a number", condition: "begins_with(n, :v)", values: `{":v":{"S":"5"}}`},
	{name: "contains, in a text", condition: "contains(x, :v)", values: `{":v":{"S":"ex"}}`, holds: true},
	{name: "contains, in a set", condition: "contains(ns, :v)", values: `{":v":{"N":"2.0"}}`, holds: true},
	{name: "contains, in a list", condition: "contains(l, :v)", values: `{":v":{"N":"2"}}`, holds: true},
	{name: "contains, of another type", condition: "contains(ns, :v)", values: `{":v":{"S":"2"}}`},
	{name: "size of a text", condition: "size(x) = :v", values: `{":v":{"N":"4"}}`, holds: true},
	{name: "size of a list", condition: "size(l) > :v", values: `{":v":{"N":"2"}}`, holds: true},
	{name: "size of a map", condition: "size(m) = :v", values: `{":v":{"N":"2"}}`, holds: true},
	{name: "size of a number", condition: "size(n) > :v", values: `{":v":{"N":"0"}}`},
	{name: "size of a text is in characters", condition: "size(:t) = :v", values: `{":t":{"S":"héllo"},":v":{"N":"5"}}`, holds: true},

	{name: "empty", condition: "", err: validation + ": The expression can not be empty"},
	{name: "only a path", condition: "n", err: validation + `: Syntax error; token: "<EOF>", near: "n"`},
	{name: "double equals", condition: "n == :v", values: `{":v":{"N":"5"}}`, err: validation + `: Syntax error; token: "=", near: "== :v"`},
	{name: "a strange character", condition: "n ! :v", values: `{":v":{"N":"5"}}`, err: validation + `: Syntax error; token: "!", near: "n ! :v"`},
	{name: "unclosed", condition: "(n = :v", values: `{":v":{"N":"5"}}`, err: validation + `: Syntax error; token: "<EOF>"`},
	{name: "redundant parentheses", condition: "((n = :v))", values: `{":v":{"N":"5"}}`, err: validation + ": The expression has redundant parentheses"},
	{name: "a comparison of comparisons", condition: "(n = :v) = :v", values: `{":v":{"N":"5"}}`, err: validation + `: Syntax error; token: "=", near: ") = :v"`},
	{name: "itself", condition: "n = n", err: validation + ": The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]"},
	{name: "order of a map", condition: "m > :v", values: `{":v":{"M":{}}}`, err: validation + ": Incorrect operand type for operator or function; operator or function: >, operand type: M"},
	{name: "begins with a number", condition: "begins_with(x, :v)", values: `{":v":{"N":"5"}}`, err: validation + ": operator or function: begins_with, operand type: N"},
	{name: "an empty range", condition: "n BETWEEN :a AND :b", values: `{":a":{"N":"5"},":b":{"N":"1"}}`, err: validation + ": The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}"},
	{name: "a range of two types", condition: "n BETWEEN :a AND :b", values: `{":a":{"N":"5"},":b":{"S":"6"}}`, err: validation + ": The BETWEEN operator requires same data type"},
	{name: "an empty list", condition: "n IN ()", err: validation + `: Syntax error; token: ")"`},
	{name: "too long a list", condition: "n IN (" + strings.Repeat(":v,", 100) + ":v)", values: `{":v":{"N":"5"}}`, err: validation + ": The IN operator is provided with too many operands; number of operands: 101"},
	{name: "size alone", condition: "size(x)", err: validation + ": The function is not allowed to be used this way in an expression; function: size"},
	{name: "a condition as an operand", condition: "attribute_exists(n) = :v", values: `{":v":{"N":"5"}}`, err: validation + ": not allowed to be used this way in an expression; function: attribute_exists"},
	{name: "a function of updates", condition: "n = if_not_exists(n, :v)", values: `{":v":{"N":"5"}}`, err: validation + ": The function is not allowed in a condition expression; function: if_not_exists"},
	{name: "an unknown function", condition: "Contains(x, :v)", values: `{":v":{"N":"5"}}`, err: validation + ": Invalid function name; function: Contains"},
	{name: "an unknown type", condition: "attribute_type(n, :v)", values: `{":v":{"S":"X"}}`, err: validation + ": Invalid attribute type name found; type: X"},
	{name: "existence of a value", condition: "attribute_exists(:v)", values: `{":v":{"S":"X"}}`, err: validation + ": Operator or function requires a document path; operator or function: attribute_exists"},
	{name: "too long", condition: "n = :v" + strings.Repeat(" ", 4096), values: `{":v":{"N":"5"}}`, err: validation + ": Expression size has exceeded the maximum allowed size"},
	{name: "too deep a path", condition: "attribute_exists(a" + strings.Repeat("[0]", 32) + ")", err: validation + ": The document path has too many nesting levels"},
	{name: "too large an index", condition: "attribute_exists(a[99999999999])", err: validation + ": List index is not within the allowable range"},
}

func TestConditionExpressions(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		s.put(t, table, fixture)
		for _, c := range conditionCases {
			t.Run(c.name, func(t *testing.T) {
				want := c.err
				if want == "" && !c.holds {
					want = failed + ": The conditional request failed"
				}
				_, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, fixture),
					ConditionExpression: &c.condition, ExpressionAttributeValues: parse(t, c.values)})
				wantError(t, err, want)
			})
		}
	})
}

func TestFiltersAreConditions(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		s.put(t, table, fixture)
		for _, c := range conditionCases {
			t.Run(c.name, func(t *testing.T) {
				out, err := s.db.Scan(t.Context(), &sdk.ScanInput{TableName: &table, FilterExpression: &c.condition,
					ExpressionAttributeValues: parse(t, c.values)})
				wantError(t, err, c.err)
				if err == nil && (out.Count == 1) != c.holds {
					t.Errorf("found %d items, want %t", out.Count, c.holds)
				}
			})
		}
	})
}

func TestAFailedConditionCanReturnTheItem(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, condition := s.createTable(t), "attribute_not_exists(p)"
		s.put(t, table, fixture)
		_, err := s.db.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: parse(t, key), ConditionExpression: &condition,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld})
		wantError(t, err, failed)
		if got := text(asType[*types.ConditionalCheckFailedException](t, err).Item); got != text(parse(t, fixture)) {
			t.Errorf("returned %s", got)
		}
	})
}

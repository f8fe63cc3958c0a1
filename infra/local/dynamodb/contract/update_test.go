package contract

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const (
	key     = `{"p":{"S":"a"},"s":{"N":"1"}}`
	fixture = `{"p":{"S":"a"},"s":{"N":"1"},"n":{"N":"5"},"x":{"S":"text"},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},` +
		`"m":{"M":{"a":{"N":"1"},"l":{"L":[{"S":"u"},{"S":"v"}]}}},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"t":{"BOOL":true}}`
)

// updateCases apply an expression to the fixture. want is the attribute show
// afterwards; err, if set, the error instead.
var updateCases = []struct {
	name, update, values string
	names                map[string]string
	show, want, err      string
}{
	{name: "SET a new attribute", update: "SET a = :v", values: `{":v":{"S":"new"}}`, show: "a", want: `{"S":"new"}`},
	{name: "SET in lower case", update: "set a = :v", values: `{":v":{"S":"new"}}`, show: "a", want: `{"S":"new"}`},
	{name: "SET replaces with another type", update: "SET x = :v", values: `{":v":{"N":"1"}}`, show: "x", want: `{"N":"1"}`},
	{name: "SET copies", update: "SET a = m.l[1]", show: "a", want: `{"S":"v"}`},
	{name: "SET reads the item as it was", update: "SET n = x, x = n", show: "n", want: `{"S":"text"}`},
	{name: "SET adds", update: "SET n = n + :v", values: `{":v":{"N":"0.5"}}`, show: "n", want: `{"N":"5.5"}`},
	{name: "SET subtracts below zero", update: "SET n = :v - n", values: `{":v":{"N":"1.25"}}`, show: "n", want: `{"N":"-3.75"}`},
	{name: "SET adds exactly", update: "SET n = :a + :b", values: `{":a":{"N":"0.1"},":b":{"N":"0.2"}}`, show: "n", want: `{"N":"0.3"}`},
	{name: "SET adds 38 digits", update: "SET n = :a - :b", values: `{":a":{"N":"99999999999999999999999999999999999999"},":b":{"N":"1"}}`, show: "n", want: `{"N":"99999999999999999999999999999999999998"}`},
	{name: "SET a nested attribute", update: "SET m.b = :v", values: `{":v":{"N":"2"}}`, show: "m", want: `{"M":{"a":{"N":"1"},"b":{"N":"2"},"l":{"L":[{"S":"u"},{"S":"v"}]}}}`},
	{name: "SET a list element", update: "SET l[1] = :v", values: `{":v":{"S":"e"}}`, show: "l", want: `{"L":[{"N":"0"},{"S":"e"},{"N":"2"}]}`},
	{name: "SET past the end appends in order", update: "SET l[9] = :a, l[8] = :b", values: `{":a":{"S":"9"},":b":{"S":"8"}}`, show: "l", want: `{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"8"},{"S":"9"}]}`},
	{name: "if_not_exists of something", update: "SET n = if_not_exists(n, :v)", values: `{":v":{"N":"9"}}`, show: "n", want: `{"N":"5"}`},
	{name: "if_not_exists of nothing", update: "SET n = if_not_exists(nope, :z) + :v", values: `{":z":{"N":"0"},":v":{"N":"9"}}`, show: "n", want: `{"N":"9"}`},
	{name: "list_append at the end", update: "SET l = list_append(l, :v)", values: `{":v":{"L":[{"S":"e"}]}}`, show: "l", want: `{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"e"}]}`},
	{name: "list_append at the front, with a default", update: "SET q = list_append(:v, if_not_exists(q, :e))", values: `{":v":{"L":[{"S":"e"}]},":e":{"L":[]}}`, show: "q", want: `{"L":[{"S":"e"}]}`},
	{name: "a dot in a placeholder is part of the name", update: "SET #a = :v", names: map[string]string{"#a": "m.a"}, values: `{":v":{"N":"2"}}`, show: "m.a", want: `{"N":"2"}`},
	{name: "REMOVE", update: "REMOVE x", show: "x"},
	{name: "REMOVE something absent", update: "REMOVE nope, m.nope, l[99]", show: "n", want: `{"N":"5"}`},
	{name: "REMOVE counts by the old list", update: "REMOVE l[0], l[1]", show: "l", want: `{"L":[{"N":"2"}]}`},
	{name: "SET and REMOVE in one list", update: "SET l[0] = :v REMOVE l[1]", values: `{":v":{"S":"e"}}`, show: "l", want: `{"L":[{"S":"e"},{"N":"2"}]}`},
	{name: "ADD to a number", update: "ADD n :v", values: `{":v":{"N":"-7"}}`, show: "n", want: `{"N":"-2"}`},
	{name: "ADD to nothing", update: "ADD c :v", values: `{":v":{"N":"1"}}`, show: "c", want: `{"N":"1"}`},
	{name: "ADD to a nested number", update: "ADD m.a :v", values: `{":v":{"N":"1"}}`, show: "m", want: `{"M":{"a":{"N":"2"},"l":{"L":[{"S":"u"},{"S":"v"}]}}}`},
	{name: "ADD to a set", update: "ADD ss :v", values: `{":v":{"SS":["b","c"]}}`, show: "ss", want: `{"SS":["a","b","c"]}`},
	{name: "ADD equal numbers once", update: "ADD ns :v", values: `{":v":{"NS":["1.0","3"]}}`, show: "ns", want: `{"NS":["1","2","3"]}`},
	{name: "DELETE from a set", update: "DELETE ss :v", values: `{":v":{"SS":["b","c"]}}`, show: "ss", want: `{"SS":["a"]}`},
	{name: "DELETE the whole set", update: "DELETE ss :v", values: `{":v":{"SS":["b","a"]}}`, show: "ss"},
	{name: "DELETE from nothing", update: "DELETE nope :v", values: `{":v":{"SS":["a"]}}`, show: "nope"},
	{name: "all four sections", update: "SET a = :n REMOVE x ADD n :n DELETE ss :s", values: `{":n":{"N":"1"},":s":{"SS":["a"]}}`, show: "n", want: `{"N":"6"}`},

	{name: "empty", update: "", err: validation + ": The expression can not be empty"},
	{name: "no section", update: "a = :v", values: `{":v":{"N":"1"}}`, err: validation + `: Syntax error; token: "a", near: "a ="`},
	{name: "unfinished", update: "SET a =", err: validation + `: Syntax error; token: "<EOF>", near: "="`},
	{name: "a section twice", update: "SET a = :v SET b = :v", values: `{":v":{"N":"1"}}`, err: validation + `: The "SET" section can only be used once`},
	{name: "a literal", update: "SET a = 5", err: validation + `: Syntax error; token: "5"`},
	{name: "three terms", update: "SET a = n + n + n", err: validation + `: Syntax error; token: "+"`},
	{name: "a reserved word", update: "SET name = :v", values: `{":v":{"N":"1"}}`, err: validation + ": Attribute name is a reserved keyword; reserved keyword: name"},
	{name: "a nested reserved word", update: "SET m.Status = :v", values: `{":v":{"N":"1"}}`, err: validation + ": reserved keyword: Status"},
	{name: "an undefined value", update: "SET a = :v", err: validation + ": An expression attribute value used in expression is not defined; attribute value: :v"},
	{name: "an undefined name", update: "REMOVE #a", err: validation + ": An expression attribute name used in the document path is not defined; attribute name: #a"},
	{name: "an unused value", update: "REMOVE x", values: `{":v":{"N":"1"}}`, err: validation + ": ExpressionAttributeValues"},
	{name: "an unused name", update: "REMOVE x", names: map[string]string{"#a": "a"}, err: validation + ": Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
	{name: "a key of a bad form", update: "REMOVE #a", names: map[string]string{"#a": "a", "b": "b"}, err: validation + `: ExpressionAttributeNames contains invalid key: Syntax error; key: "b"`},
	{name: "overlapping paths", update: "SET m = :v, m.a = :v", values: `{":v":{"N":"1"}}`, err: validation + ": Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, a]"},
	{name: "conflicting paths", update: "SET m.a = :v, m[0] = :v", values: `{":v":{"N":"1"}}`, err: validation + ": Two document paths conflict with each other"},
	{name: "overlap across sections", update: "SET n = :v REMOVE n", values: `{":v":{"N":"1"}}`, err: validation + ": overlap"},
	{name: "a path into nothing", update: "SET nope.a = :v", values: `{":v":{"N":"1"}}`, err: validation + ": The document path provided in the update expression is invalid for update"},
	{name: "a path into a scalar", update: "REMOVE n.a", err: validation + ": The document path provided in the update expression is invalid for update"},
	{name: "an index into a map", update: "SET m[0] = :v", values: `{":v":{"N":"1"}}`, err: validation + ": invalid for update"},
	{name: "reading nothing", update: "SET a = nope", err: validation + ": The provided expression refers to an attribute that does not exist in the item"},
	{name: "adding text", update: "SET a = x + :v", values: `{":v":{"N":"1"}}`, err: validation + ": An operand in the update expression has an incorrect data type"},
	{name: "adding a literal text", update: "SET a = n + :v", values: `{":v":{"S":"1"}}`, err: validation + ": Incorrect operand type for operator or function; operator or function: +, operand type: S"},
	{name: "ADD text", update: "ADD a :v", values: `{":v":{"S":"1"}}`, err: validation + ": operator: ADD, operand type: STRING"},
	{name: "ADD a number to a set", update: "ADD ss :v", values: `{":v":{"N":"1"}}`, err: validation + ": An operand in the update expression has an incorrect data type"},
	{name: "DELETE a number", update: "DELETE n :v", values: `{":v":{"N":"1"}}`, err: validation + ": operator: DELETE, operand type: NUMBER"},
	{name: "DELETE of another set type", update: "DELETE ss :v", values: `{":v":{"NS":["1"]}}`, err: validation + ": incorrect data type"},
	{name: "a function of conditions", update: "SET a = size(x)", err: validation + ": The function is not allowed in an update expression; function: size"},
	{name: "an unknown function", update: "SET a = foo(x)", err: validation + ": Invalid function name; function: foo"},
	{name: "too few operands", update: "SET a = list_append(l)", err: validation + ": Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"},
	{name: "list_append of a number", update: "SET a = list_append(l, n)", err: validation + ": incorrect data type"},
	{name: "if_not_exists of a value", update: "SET a = if_not_exists(:v, :v)", values: `{":v":{"N":"1"}}`, err: validation + ": Operator or function requires a document path"},
	{name: "the key", update: "SET p = :v", values: `{":v":{"S":"1"}}`, err: validation + ": Cannot update attribute p. This attribute is part of the key"},
	{name: "too large a number", update: "SET n = :v + :v", values: `{":v":{"N":"9e125"}}`, err: validation + ": Number overflow"},
	{name: "too exact a number", update: "SET n = :a + :b", values: `{":a":{"N":"1e38"},":b":{"N":"0.1"}}`, err: validation + ": 38"},
}

func TestUpdateExpressions(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		for _, c := range updateCases {
			t.Run(c.name, func(t *testing.T) {
				s.put(t, table, fixture)
				_, err := s.db.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: &table, Key: parse(t, key),
					UpdateExpression: &c.update, ExpressionAttributeNames: c.names, ExpressionAttributeValues: parse(t, c.values)})
				wantError(t, err, c.err)
				if err != nil {
					if got := s.get(t, table, key); got != text(parse(t, fixture)) {
						t.Errorf("a refused update left %s", got)
					}
					return
				}
				out, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key)})
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				if v := out.Item[c.show]; v != nil {
					got = valueText(v)
				}
				if got != c.want {
					t.Errorf("%s is %s, want %s", c.show, got, c.want)
				}
			})
		}
	})
}

func TestUpdateOfAnAbsentItemMakesIt(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, update := s.createTable(t), "SET a = :v"
		in := &sdk.UpdateItemInput{TableName: &table, Key: parse(t, key)}
		if _, err := s.db.UpdateItem(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if got := s.get(t, table, key); got != key {
			t.Errorf("an update without an expression left %s", got)
		}
		in.Key = parse(t, `{"p":{"S":"b"},"s":{"N":"1"}}`)
		in.UpdateExpression, in.ExpressionAttributeValues = &update, parse(t, `{":v":{"N":"1"}}`)
		if _, err := s.db.UpdateItem(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if got, want := s.get(t, table, `{"p":{"S":"b"},"s":{"N":"1"}}`), `{"a":{"N":"1"},"p":{"S":"b"},"s":{"N":"1"}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

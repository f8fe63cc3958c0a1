package contract

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// nested makes a value of lists within lists.
func nested(levels int) string {
	return strings.Repeat(`{"L":[`, levels) + `{"N":"1"}` + strings.Repeat(`]}`, levels)
}

// putCases store an item in a table with indexes on the text g.
var putCases = []struct {
	name, item, err string
}{
	{name: "every type", item: `{"p":{"S":"a"},"s":{"N":"1"},"b":{"B":"AAEC/w=="},"t":{"BOOL":false},"z":{"NULL":true},"m":{"M":{}},"l":{"L":[]},"ss":{"SS":["é","b"]},"ns":{"NS":["-1","2"]},"bs":{"BS":["AA==","AQ=="]}}`},
	{name: "empty text and bytes outside of the key", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":""},"b":{"B":""}}`},
	{name: "empty text in a set", item: `{"p":{"S":"a"},"s":{"N":"1"},"ss":{"SS":[""]}}`},
	{name: "text that JSON must escape", item: `{"p":{"S":"a\"\\\n\u0001\u2028<é🎉"},"s":{"N":"1"}}`},
	{name: "an attribute with an odd name", item: `{"p":{"S":"a"},"s":{"N":"1"},"a.b[0] \"#:":{"S":"x"}}`},
	{name: "32 levels", item: `{"p":{"S":"a"},"s":{"N":"1"},"l":` + nested(31) + `}`},
	{name: "33 levels", item: `{"p":{"S":"a"},"s":{"N":"1"},"l":` + nested(32) + `}`, err: validation + ": Nesting Levels have exceeded supported limits"},
	{name: "the longest keys", item: `{"p":{"S":"` + strings.Repeat("a", 2048) + `"},"s":{"N":"1"}}`},
	{name: "too long a key", item: `{"p":{"S":"` + strings.Repeat("a", 2049) + `"},"s":{"N":"1"}}`, err: validation},
	{name: "no key", item: `{"x":{"S":"a"}}`, err: validation},
	{name: "half a key", item: `{"p":{"S":"a"}}`, err: validation},
	{name: "a key of another type", item: `{"p":{"S":"a"},"s":{"S":"1"}}`, err: validation + ": One or more parameter values were invalid: Type mismatch for key"},
	{name: "an empty key", item: `{"p":{"S":""},"s":{"N":"1"}}`, err: validation + ": The AttributeValue for a key attribute cannot contain an empty string value. Key: p"},
	{name: "an index key of another type", item: `{"p":{"S":"a"},"s":{"N":"1"},"g":{"N":"1"}}`, err: validation + ": One or more parameter values were invalid: Type mismatch for Index Key"},
	{name: "an empty index key", item: `{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":""}}`, err: validation + ": A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value."},
	{name: "an empty set", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"SS":[]}}`, err: validation + ": An string set  may not be empty"},
	{name: "a set with a member twice", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"SS":["a","b","a"]}}`, err: validation + ": Input collection [a, b, a] contains duplicates"},
	{name: "a set with equal numbers", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"NS":["1","1.0"]}}`, err: validation + ": Input collection contains duplicates"},
	{name: "a null that is false", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"NULL":false}}`, err: validation + ": Null attribute value types must have the value of true"},
	{name: "400 KB", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"` + strings.Repeat("x", 400<<10-6) + `"}}`},
	{name: "one byte more", item: `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"` + strings.Repeat("x", 400<<10-5) + `"}}`, err: validation + ": Item size has exceeded the maximum allowed size"},
}

func TestPutItem(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		for _, c := range putCases {
			t.Run(c.name, func(t *testing.T) {
				it := parse(t, c.item)
				_, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: it})
				wantError(t, err, c.err)
				if err != nil {
					return
				}
				if got := s.get(t, table, text(item{"p": it["p"], "s": it["s"]})); got != text(it) {
					t.Errorf("stored %.200s, read %.200s", text(it), got)
				}
			})
		}
	})
}

// numberCases are texts of numbers and what DynamoDB makes of them.
var numberCases = []struct {
	name, text, want, err string
}{
	{"zero", "0", "0", ""}, {"minus zero", "-0.00", "0", ""}, {"plus", "+5", "5", ""},
	{"leading zeros", "007", "7", ""}, {"trailing zeros", "1.500", "1.5", ""}, {"only a fraction", ".5", "0.5", ""},
	{"an exponent", "12E3", "12000", ""}, {"a negative exponent", "-1.5e-3", "-0.0015", ""},
	{"38 digits", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678", ""},
	{"the largest", "9.9e125", "99" + strings.Repeat("0", 124), ""},
	{"the smallest", "1e-130", "0." + strings.Repeat("0", 129) + "1", ""},
	{"too large", "1e126", "", validation + ": Number overflow. Attempting to store a number with magnitude larger than supported range"},
	{"too small", "-1e-131", "", validation + ": Number underflow. Attempting to store a number with magnitude smaller than supported range"},
	{"39 digits", "123456789012345678901234567890123456789", "", validation + ": 38"},
	{"empty", "", "", validation}, {"text", "five", "", validation}, {"a space", " 1", "", validation},
	{"hexadecimal", "0x10", "", validation}, {"not a number", "NaN", "", validation}, {"two points", "1.2.3", "", validation},
	{"an underscore", "1_0", "", validation}, {"no exponent", "1e", "", validation},
}

func TestNumbersAreExactAndCanonical(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		for _, c := range numberCases {
			t.Run(c.name, func(t *testing.T) {
				it := parse(t, key)
				it["n"] = &types.AttributeValueMemberN{Value: c.text}
				_, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: it})
				wantError(t, err, c.err)
				if err != nil {
					return
				}
				it["n"] = &types.AttributeValueMemberN{Value: c.want}
				if got := s.get(t, table, key); got != text(it) {
					t.Errorf("read %s, want %s", got, text(it))
				}
			})
		}
	})
}

func TestKeysThatAreNotTheKeyAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		for _, bad := range []string{
			`{"p":{"S":"a"}}`, `{"p":{"S":"a"},"s":{"S":"1"}}`, `{"p":{"S":""},"s":{"N":"1"}}`,
			`{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"1"}}`, `{"p":{"S":"a"},"x":{"N":"1"}}`,
		} {
			_, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, bad)})
			wantError(t, err, validation)
			_, err = s.db.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: parse(t, bad)})
			wantError(t, err, validation)
			_, err = s.db.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: &table, Key: parse(t, bad)})
			wantError(t, err, validation)
		}
	})
}

func TestAbsentTablesAreNotFound(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := "NoSuchTable"
		_, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, key)})
		wantError(t, err, notFound)
		_, err = s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key)})
		wantError(t, err, notFound)
		_, err = s.db.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &table})
		wantError(t, err, notFound)
	})
}

func TestReturnValuesOfPutAndDelete(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table, second := s.createTable(t), `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"2"}}`
		first, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, fixture), ReturnValues: types.ReturnValueAllOld})
		if err != nil || first.Attributes != nil {
			t.Fatalf("a first put returned %v, %v", first, err)
		}
		put, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, second), ReturnValues: types.ReturnValueAllOld})
		if err != nil || text(put.Attributes) != text(parse(t, fixture)) {
			t.Errorf("a second put returned %v, %v", put, err)
		}
		del, err := s.db.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: parse(t, key), ReturnValues: types.ReturnValueAllOld})
		if err != nil || text(del.Attributes) != second {
			t.Errorf("a deletion returned %v, %v", del, err)
		}
		_, err = s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, key), ReturnValues: types.ReturnValueAllNew})
		wantError(t, err, validation+": Return values set to invalid value")
	})
}

func TestReturnValuesOfUpdate(t *testing.T) {
	nestedOnly := "it returns the whole top-level attribute where AWS returns the updated part"
	cases := []struct {
		name, deviation, update string
		kind                    types.ReturnValue
		want                    string
	}{
		{"none", "", "SET n = :v", types.ReturnValueNone, ""},
		{"all old", "", "REMOVE l, m, ss, ns, t, x", types.ReturnValueAllOld, fixture},
		{"all new", "", "SET n = :v REMOVE l, m, ss, ns, t, x", types.ReturnValueAllNew, `{"n":{"N":"7"},"p":{"S":"a"},"s":{"N":"1"}}`},
		{"updated old", "", "SET n = :v, q = :v REMOVE x", types.ReturnValueUpdatedOld, `{"n":{"N":"5"},"x":{"S":"text"}}`},
		{"updated new", "", "SET n = :v, q = :v REMOVE x", types.ReturnValueUpdatedNew, `{"n":{"N":"7"},"q":{"N":"7"}}`},
		{"updated new, nothing left", "", "REMOVE x, q ADD nope :v REMOVE y", types.ReturnValueUpdatedNew, "invalid"},
		{"updated new, nested", nestedOnly, "SET m.a = :v", types.ReturnValueUpdatedNew, `{"m":{"M":{"a":{"N":"7"}}}}`},
		{"updated old, nested", nestedOnly, "SET m.l[1] = :v", types.ReturnValueUpdatedOld, `{"m":{"M":{"l":{"L":[{"S":"v"}]}}}}`},
	}
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		for _, c := range cases {
			if s.deviates(c.deviation) {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				s.put(t, table, fixture)
				in := &sdk.UpdateItemInput{TableName: &table, Key: parse(t, key), UpdateExpression: &c.update, ReturnValues: c.kind}
				if strings.Contains(c.update, ":v") {
					in.ExpressionAttributeValues = parse(t, `{":v":{"N":"7"}}`)
				}
				out, err := s.db.UpdateItem(t.Context(), in)
				if c.want == "invalid" {
					wantError(t, err, validation)
					return
				}
				wantError(t, err, "")
				if got := text(out.Attributes); got != text(parse(t, c.want)) {
					t.Errorf("returned %s, want %s", got, c.want)
				}
			})
		}
	})
}

// projectionCases pick from the fixture.
var projectionCases = []struct {
	name, projection string
	names            map[string]string
	want, err        string
}{
	{name: "attributes", projection: "n, x", want: `{"n":{"N":"5"},"x":{"S":"text"}}`},
	{name: "absent ones", projection: "n, nope, m.nope, l[7], x.y", want: `{"n":{"N":"5"}}`},
	{name: "nothing at all", projection: "nope", want: `{}`},
	{name: "nested ones", projection: "m.a, m.l[1]", want: `{"m":{"M":{"a":{"N":"1"},"l":{"L":[{"S":"v"}]}}}}`},
	{name: "list elements in order", projection: "l[2], l[0]", want: `{"l":{"L":[{"N":"0"},{"N":"2"}]}}`},
	{name: "a placeholder", projection: "#n", names: map[string]string{"#n": "n"}, want: `{"n":{"N":"5"}}`},
	{name: "empty", projection: "", err: validation + ": Invalid ProjectionExpression: The expression can not be empty"},
	{name: "no comma", projection: "n x", err: validation + `: Invalid ProjectionExpression: Syntax error; token: "x", near: "n x"`},
	{name: "a trailing comma", projection: "n,", err: validation + `: Syntax error; token: "<EOF>", near: ","`},
	{name: "a value", projection: ":v", err: validation + `: Syntax error; token: ":v"`},
	{name: "overlap", projection: "m.a, m", err: validation + ": Two document paths overlap with each other"},
	{name: "a reserved word", projection: "n, Values", err: validation + ": reserved keyword: Values"},
	{name: "an unused name", projection: "n", names: map[string]string{"#n": "n"}, err: validation + ": unused in expressions: keys: {#n}"},
}

func TestProjections(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		s.put(t, table, fixture)
		for _, c := range projectionCases {
			t.Run(c.name, func(t *testing.T) {
				out, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key),
					ProjectionExpression: &c.projection, ExpressionAttributeNames: c.names})
				wantError(t, err, c.err)
				if err == nil && text(out.Item) != c.want {
					t.Errorf("picked %s, want %s", text(out.Item), c.want)
				}
			})
		}
	})
}

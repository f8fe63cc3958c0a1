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

// sortKeys are the sort keys of partition q in the tests of Query, in order.
var sortKeys = []string{"-1000000", "-20.5", "-3", "0", "0.001", "2", "10", "10.5", "300"}

// fillPartition stores sortKeys out of order. Every other item has the text g and is in the indexes.
func (s subject) fillPartition(t *testing.T, table string) {
	t.Helper()
	for _, i := range []int{4, 0, 8, 2, 6, 1, 7, 3, 5} {
		it := fmt.Sprintf(`{"p":{"S":"q"},"s":{"N":"%s"},"x":{"S":"x%d"},"y":{"S":"y"}}`, sortKeys[i], i)
		if i%2 == 0 {
			it = strings.TrimSuffix(it, "}") + fmt.Sprintf(`,"g":{"S":"g%d"}}`, i)
		}
		s.put(t, table, it)
	}
	s.put(t, table, `{"p":{"S":"p"},"s":{"N":"0"}}`, `{"p":{"S":"r"},"s":{"N":"0"}}`)
}

// numbers lists the sort keys of items.
func numbers(items []item) string {
	var list []string
	for _, it := range items {
		list = append(list, it["s"].(*types.AttributeValueMemberN).Value)
	}
	return strings.Join(list, " ")
}

var keyConditionCases = []struct {
	name, condition, values string
	want, err               string
}{
	{name: "all of a partition", condition: "p = :p", want: "-1000000 -20.5 -3 0 0.001 2 10 10.5 300"},
	{name: "no such partition", condition: "p = :a", values: `{":a":{"S":"z"}}`},
	{name: "one", condition: "p = :p AND s = :a", values: `{":a":{"N":"10.50"}}`, want: "10.5"},
	{name: "less", condition: "p = :p AND s < :a", values: `{":a":{"N":"0"}}`, want: "-1000000 -20.5 -3"},
	{name: "less or equal", condition: "p = :p AND s <= :a", values: `{":a":{"N":"0"}}`, want: "-1000000 -20.5 -3 0"},
	{name: "greater", condition: "p = :p AND s > :a", values: `{":a":{"N":"2"}}`, want: "10 10.5 300"},
	{name: "greater or equal", condition: "p = :p AND s >= :a", values: `{":a":{"N":"2"}}`, want: "2 10 10.5 300"},
	{name: "between", condition: "p = :p AND s BETWEEN :a AND :b", values: `{":a":{"N":"-3"},":b":{"N":"2"}}`, want: "-3 0 0.001 2"},
	{name: "sort key first", condition: "s > :a AND p = :p", values: `{":a":{"N":"10"}}`, want: "10.5 300"},
	{name: "values first", condition: ":p = p AND :a < s", values: `{":a":{"N":"10"}}`, want: "10.5 300"},
	{name: "in parentheses", condition: "(p = :p) AND (s > :a)", values: `{":a":{"N":"10"}}`, want: "10.5 300"},

	{name: "empty", condition: "", err: validation + ": Invalid KeyConditionExpression: The expression can not be empty"},
	{name: "a range of partitions", condition: "p > :p", err: validation + ": Query key condition not supported"},
	{name: "no partition", condition: "s = :a", values: `{":a":{"N":"1"}}`, err: validation + ": Query condition missed key schema element"},
	{name: "not a key", condition: "p = :p AND x = :a", values: `{":a":{"N":"1"}}`, err: validation + ": Query condition missed key schema element"},
	{name: "two conditions on a key", condition: "p = :p AND s > :a AND s < :b", values: `{":a":{"N":"1"},":b":{"N":"2"}}`, err: validation + ": KeyConditionExpressions must only contain one condition per key"},
	{name: "or", condition: "p = :p OR s = :a", values: `{":a":{"N":"1"}}`, err: validation + ": Invalid operator used in KeyConditionExpression: OR"},
	{name: "not", condition: "NOT p = :p", err: validation + ": Invalid operator used in KeyConditionExpression: NOT"},
	{name: "unequal", condition: "p = :p AND s <> :a", values: `{":a":{"N":"1"}}`, err: validation + ": Invalid operator used in KeyConditionExpression: <>"},
	{name: "in", condition: "p = :p AND s IN (:a)", values: `{":a":{"N":"1"}}`, err: validation + ": Invalid operator used in KeyConditionExpression: IN"},
	{name: "contains", condition: "p = :p AND contains(s, :a)", values: `{":a":{"N":"1"}}`, err: validation + ": Invalid operator used in KeyConditionExpression: contains"},
	{name: "a path", condition: "p.a = :p", err: validation + ": Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: p"},
	{name: "two names", condition: "p = :p AND s = x", err: validation + ": Multiple attribute names used in one condition"},
	{name: "a function within", condition: "p = :p AND size(s) = :a", values: `{":a":{"N":"1"}}`, err: validation + ": KeyConditionExpressions cannot contain nested operations"},
	{name: "another type", condition: "p = :p AND s = :a", values: `{":a":{"S":"1"}}`, err: validation + ": Condition parameter type does not match schema type"},
	{name: "an empty key", condition: "p = :a", values: `{":a":{"S":""}}`, err: validation + ": The AttributeValue for a key attribute cannot contain an empty string value"},
	{name: "begins with, of a number", condition: "p = :p AND begins_with(s, :a)", values: `{":a":{"N":"1"}}`, err: validation + ": operator or function: begins_with, operand type: N"},
}

func TestKeyConditions(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		s.fillPartition(t, table)
		for _, c := range keyConditionCases {
			for _, forward := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, forward %t", c.name, forward), func(t *testing.T) {
					values := item{}
					if strings.Contains(c.condition, ":p") {
						values = parse(t, `{":p":{"S":"q"}}`)
					}
					maps.Copy(values, parse(t, c.values))
					if len(values) == 0 {
						values = nil
					}
					out, err := s.db.Query(t.Context(), &sdk.QueryInput{TableName: &table, KeyConditionExpression: &c.condition,
						ExpressionAttributeValues: values, ScanIndexForward: &forward})
					wantError(t, err, c.err)
					if err != nil {
						return
					}
					want := strings.Fields(c.want)
					if !forward {
						slices.Reverse(want)
					}
					if got := numbers(out.Items); got != strings.Join(want, " ") {
						t.Errorf("got %s, want %s", got, want)
					}
				})
			}
		}
	})
}

func TestTextSortKeysOrderByBytes(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, func(in *sdk.CreateTableInput) { in.AttributeDefinitions = definitions("p:S", "s:S") })
		for _, sk := range []string{"b", "a", "B", "é", "aa", "a#1", "a#10", "a#2", "🎉", "\uffff"} {
			s.put(t, table, `{"p":{"S":"q"},"s":{"S":`+quote(sk)+`}}`)
		}
		for _, c := range []struct{ condition, value, want string }{
			{"p = :p", "", "B a a#1 a#10 a#2 aa b é \uffff 🎉"},
			{"p = :p AND begins_with(s, :v)", "a#", "a#1 a#10 a#2"},
			{"p = :p AND begins_with(s, :v)", "z", ""},
			{"p = :p AND s > :v", "a#2", "aa b é \uffff 🎉"},
		} {
			for _, forward := range []bool{true, false} {
				values := parse(t, `{":p":{"S":"q"}}`)
				if c.value != "" {
					values[":v"] = &types.AttributeValueMemberS{Value: c.value}
				}
				out, err := s.db.Query(t.Context(), &sdk.QueryInput{TableName: &table, KeyConditionExpression: &c.condition,
					ExpressionAttributeValues: values, ScanIndexForward: &forward})
				if err != nil {
					t.Fatal(err)
				}
				got := []string{}
				for _, it := range out.Items {
					got = append(got, it["s"].(*types.AttributeValueMemberS).Value)
				}
				if !forward {
					slices.Reverse(got)
				}
				if strings.Join(got, " ") != c.want {
					t.Errorf("%s %q forward %t: %q, want %q", c.condition, c.value, forward, got, c.want)
				}
			}
		}
	})
}

func TestPagesJoinUp(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		s.fillPartition(t, table)
		for _, index := range []string{"", "Local"} {
			for limit := int32(1); limit <= 4; limit++ {
				var got []item
				pages := sdk.NewQueryPaginator(s.db, &sdk.QueryInput{TableName: &table, Limit: &limit, IndexName: optional(index),
					KeyConditionExpression: aws.String("p = :p"), ExpressionAttributeValues: parse(t, `{":p":{"S":"q"}}`)})
				for pages.HasMorePages() {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if page.ScannedCount > limit {
						t.Errorf("a page of %d with limit %d", page.ScannedCount, limit)
					}
					got = append(got, page.Items...)
				}
				want := strings.Join(sortKeys, " ")
				if index != "" {
					want = "-1000000 -3 0.001 10 300" // by g
				}
				if numbers(got) != want {
					t.Errorf("index %q, limit %d: %s, want %s", index, limit, numbers(got), want)
				}
			}
		}
	})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func TestQueryParameters(t *testing.T) {
	byP, one := aws.String("p = :p"), aws.Int32(1)
	startAt := `{"p":{"S":"q"},"s":{"N":"2"}}`
	cases := []struct {
		name   string
		change func(*sdk.QueryInput)
		count  int32 // of items that match
		err    string
	}{
		{"filter", func(in *sdk.QueryInput) { in.FilterExpression = aws.String("attribute_exists(g)") }, 5, ""},
		{"filter after limit", func(in *sdk.QueryInput) {
			in.FilterExpression, in.Limit = aws.String("attribute_exists(g)"), aws.Int32(3)
		}, 2, ""},
		{"count", func(in *sdk.QueryInput) { in.Select = types.SelectCount }, 9, ""},
		{"start", func(in *sdk.QueryInput) { in.ExclusiveStartKey = parse(t, startAt) }, 3, ""},
		{"start at a key that is gone", func(in *sdk.QueryInput) { in.ExclusiveStartKey = parse(t, `{"p":{"S":"q"},"s":{"N":"2.5"}}`) }, 3, ""},
		{"start in reverse", func(in *sdk.QueryInput) {
			in.ExclusiveStartKey, in.ScanIndexForward = parse(t, startAt), aws.Bool(false)
		}, 5, ""},
		{"global index", func(in *sdk.QueryInput) {
			in.IndexName, in.KeyConditionExpression = aws.String("Global"), aws.String("g = :p")
		}, 0, ""},
		{"local index that fetches", func(in *sdk.QueryInput) {
			in.IndexName, in.Select = aws.String("Local"), types.SelectAllAttributes
		}, 5, ""},
		{"no key condition", func(in *sdk.QueryInput) { in.KeyConditionExpression, in.ExpressionAttributeValues = nil, nil }, 0, validation + ": Either the KeyConditions or KeyConditionExpression parameter must be specified"},
		{"limit 0", func(in *sdk.QueryInput) { in.Limit = aws.Int32(0) }, 0, validation},
		{"filter on the key", func(in *sdk.QueryInput) {
			in.FilterExpression = aws.String("attribute_exists(s)")
		}, 0, validation + ": Filter Expression can only contain non-primary key attributes: Primary key attribute: s"},
		{"no such index", func(in *sdk.QueryInput) { in.IndexName = aws.String("Nope") }, 0, validation + ": The table does not have the specified index: Nope"},
		{"consistent global index", func(in *sdk.QueryInput) {
			in.IndexName, in.KeyConditionExpression, in.ConsistentRead = aws.String("Global"), aws.String("g = :p"), aws.Bool(true)
		}, 0, validation + ": onsistent read"},
		{"all attributes of a global index", func(in *sdk.QueryInput) {
			in.IndexName, in.KeyConditionExpression, in.Select = aws.String("Global"), aws.String("g = :p"), types.SelectAllAttributes
		}, 0, validation + ": Select type ALL_ATTRIBUTES is not supported for global secondary index Global because its projection type is not ALL"},
		{"unprojected attribute of a global index", func(in *sdk.QueryInput) {
			in.IndexName, in.KeyConditionExpression, in.ProjectionExpression = aws.String("Global"), aws.String("g = :p"), aws.String("x")
		}, 0, validation + ": Global secondary index Global does not project [x]"},
		{"specific without projection", func(in *sdk.QueryInput) { in.Select = types.SelectSpecificAttributes }, 0, validation},
		{"count with projection", func(in *sdk.QueryInput) {
			in.Select, in.ProjectionExpression = types.SelectCount, aws.String("x")
		}, 0, validation + ": Cannot specify the ProjectionExpression when choosing to get only the Count"},
		{"projected without index", func(in *sdk.QueryInput) { in.Select = types.SelectAllProjectedAttributes }, 0, validation},
		{"start in another partition", func(in *sdk.QueryInput) {
			in.ExclusiveStartKey, in.Limit = parse(t, `{"p":{"S":"r"},"s":{"N":"2"}}`), one
		}, 0, validation},
		{"start without sort key", func(in *sdk.QueryInput) { in.ExclusiveStartKey = parse(t, `{"p":{"S":"q"}}`) }, 0, validation},
	}
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		s.fillPartition(t, table)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				in := &sdk.QueryInput{TableName: &table, KeyConditionExpression: byP, ExpressionAttributeValues: parse(t, `{":p":{"S":"q"}}`)}
				c.change(in)
				out, err := s.db.Query(t.Context(), in)
				wantError(t, err, c.err)
				if err == nil && out.Count != c.count {
					t.Errorf("%d items, want %d", out.Count, c.count)
				}
			})
		}
	})
}

func TestIndexesFollowTheTable(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		query := func(index, name, value string) string {
			out, err := s.db.Query(t.Context(), &sdk.QueryInput{TableName: &table, IndexName: &index,
				KeyConditionExpression: aws.String(name + " = :v"), ExpressionAttributeValues: parse(t, `{":v":{"S":"`+value+`"}}`)})
			if err != nil {
				t.Fatal(err)
			}
			texts := []string{}
			for _, it := range out.Items {
				texts = append(texts, text(it))
			}
			return strings.Join(texts, " ")
		}
		check := func(step, global, local string) {
			t.Helper()
			if got := query("Global", "g", "one"); got != global {
				t.Errorf("%s: global index has %s, want %s", step, got, global)
			}
			if got := query("Local", "p", "a"); got != local {
				t.Errorf("%s: local index has %s, want %s", step, got, local)
			}
		}
		s.put(t, table, `{"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"x"},"y":{"S":"y"}}`)
		check("without the index's key", "", "")
		s.put(t, table, `{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"one"},"x":{"S":"x"},"y":{"S":"y"}}`)
		check("with it", `{"g":{"S":"one"},"p":{"S":"a"},"s":{"N":"1"}}`, `{"g":{"S":"one"},"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"x"}}`)
		s.put(t, table, `{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"two"}}`)
		check("moved", "", `{"g":{"S":"two"},"p":{"S":"a"},"s":{"N":"1"}}`)
		if _, err := s.db.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: parse(t, key)}); err != nil {
			t.Fatal(err)
		}
		check("deleted", "", "")
	})
}

func TestAPageEndsAtOneMegabyte(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t)
		for i := range 7 {
			s.put(t, table, fmt.Sprintf(`{"p":{"S":"q"},"s":{"N":"%d"},"x":{"S":"%s"}}`, i, strings.Repeat("x", 300<<10)))
		}
		var counts []int32
		pages := sdk.NewQueryPaginator(s.db, &sdk.QueryInput{TableName: &table, KeyConditionExpression: aws.String("p = :p"),
			ExpressionAttributeValues: parse(t, `{":p":{"S":"q"}}`), Select: types.SelectCount})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			counts = append(counts, page.Count)
		}
		total := int32(0)
		for _, n := range counts {
			total += n
			if n > 4 {
				t.Errorf("a page of %d items of 300 KB", n)
			}
		}
		if total != 7 || len(counts) < 2 {
			t.Errorf("pages of %v items, want 7 in all", counts)
		}
	})
}

func TestSegmentsMakeUpTheWhole(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		table := s.createTable(t, withIndexes)
		const partitions = 40
		for i := range partitions {
			s.put(t, table, fmt.Sprintf(`{"p":{"S":"p%d"},"s":{"N":"1"},"g":{"S":"g"}}`, i))
		}
		for _, total := range []int32{1, 2, 3, 7} {
			seen := map[string]int{}
			for segment := range total {
				pages := sdk.NewScanPaginator(s.db, &sdk.ScanInput{TableName: &table, Segment: &segment, TotalSegments: &total, Limit: aws.Int32(3)})
				for pages.HasMorePages() {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, it := range page.Items {
						seen[valueText(it["p"])]++
					}
				}
			}
			for p, n := range seen {
				if n != 1 {
					t.Errorf("%d segments: %s came %d times", total, p, n)
				}
			}
			if len(seen) != partitions {
				t.Errorf("%d segments: %d items, want %d", total, len(seen), partitions)
			}
		}
		_, err := s.db.Scan(t.Context(), &sdk.ScanInput{TableName: &table, Segment: aws.Int32(2), TotalSegments: aws.Int32(2)})
		wantError(t, err, validation)
		_, err = s.db.Scan(t.Context(), &sdk.ScanInput{TableName: &table, Segment: aws.Int32(0)})
		wantError(t, err, validation)
	})
}

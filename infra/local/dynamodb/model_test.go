package dynamodb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// modelItem is an item of the model: a number as sort key and a filterable mark.
type modelItem struct {
	partition string
	sort      float64
	mark      int
}

// model is a table that is a plain slice.
type model []modelItem

func (m *model) put(it modelItem) {
	m.remove(it.partition, it.sort)
	*m = append(*m, it)
}

func (m *model) remove(partition string, sort float64) {
	*m = slices.DeleteFunc(*m, func(it modelItem) bool { return it.partition == partition && it.sort == sort })
}

// query answers slowly and plainly.
func (m model) query(partition string, keep func(float64) bool, forward bool) []float64 {
	found := []float64{}
	for _, it := range m {
		if it.partition == partition && keep(it.sort) && it.mark != 0 {
			found = append(found, it.sort)
		}
	}
	slices.SortFunc(found, cmp.Compare)
	if !forward {
		slices.Reverse(found)
	}
	return found
}

func drawSort(t *rapid.T, label string) float64 {
	return float64(rapid.IntRange(-40, 40).Draw(t, label)) / 4
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

type modelResponse struct {
	Items            []struct{ S struct{ N string } }
	LastEvaluatedKey json.RawMessage
}

// TestQueryAgreesWithASlowModel makes random writes and random queries, page by
// page, and compares the answers with those of a slice.
func TestQueryAgreesWithASlowModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := newEngine(t, Options{TTLInterval: -1})
		do(t, e, "CreateTable", createMusic)
		var m model
		partitions := rapid.SampledFrom([]string{"a", "b", "ab"})
		for range rapid.IntRange(0, 60).Draw(rt, "writes") {
			it := modelItem{partitions.Draw(rt, "partition"), drawSort(rt, "sort"), rapid.IntRange(0, 3).Draw(rt, "mark")}
			key := fmt.Sprintf(`"p":{"S":%q},"s":{"N":%q}`, it.partition, number(it.sort))
			if rapid.IntRange(0, 3).Draw(rt, "kind") == 0 {
				do(t, e, "DeleteItem", `{"TableName":"Music","Key":{`+key+`}}`)
				m.remove(it.partition, it.sort)
				continue
			}
			do(t, e, "PutItem", fmt.Sprintf(`{"TableName":"Music","Item":{%s,"mark":{"N":"%d"}}}`, key, it.mark))
			m.put(it)
		}
		for range 5 {
			compareQuery(t, rt, e, m, partitions.Draw(rt, "queried"))
		}
	})
}

func compareQuery(t *testing.T, rt *rapid.T, e *Engine, m model, partition string) {
	low, high := drawSort(rt, "low"), drawSort(rt, "high")
	if low > high {
		low, high = high, low
	}
	condition, values, keep := drawCondition(rt, low, high)
	forward := rapid.Bool().Draw(rt, "forward")
	limit := rapid.IntRange(1, 7).Draw(rt, "limit")
	request := fmt.Sprintf(`{"TableName":"Music","KeyConditionExpression":"p = :p%s","FilterExpression":"mark <> :zero","Limit":%d,"ScanIndexForward":%t,
		"ExpressionAttributeValues":{":p":{"S":%q},":zero":{"N":"0"}%s}`, condition, limit, forward, partition, values)
	got, start := []float64{}, ""
	for {
		page := call[modelResponse](t, e, "Query", request+start+"}")
		for _, it := range page.Items {
			f, _ := strconv.ParseFloat(it.S.N, 64)
			got = append(got, f)
		}
		if page.LastEvaluatedKey == nil {
			break
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
	if want := m.query(partition, keep, forward); !slices.Equal(got, want) {
		rt.Fatalf("%s: got %v, want %v", request, got, want)
	}
}

// drawCondition picks a condition on the sort key: its text, its values, and what it means.
func drawCondition(t *rapid.T, low, high float64) (condition, values string, keep func(float64) bool) {
	switch op := rapid.SampledFrom([]string{"", "=", "<", "<=", ">", ">=", "BETWEEN"}).Draw(t, "operator"); op {
	case "":
		return "", "", func(float64) bool { return true }
	case "BETWEEN":
		return " AND s BETWEEN :a AND :b", fmt.Sprintf(`,":a":{"N":%q},":b":{"N":%q}`, number(low), number(high)),
			func(f float64) bool { return low <= f && f <= high }
	default:
		tests := map[string]func(float64) bool{
			"=": func(f float64) bool { return f == low }, "<": func(f float64) bool { return f < low },
			"<=": func(f float64) bool { return f <= low }, ">": func(f float64) bool { return f > low },
			">=": func(f float64) bool { return f >= low },
		}
		return " AND s " + op + " :a", fmt.Sprintf(`,":a":{"N":%q}`, number(low)), tests[op]
	}
}

// TestPagesOfAScanAgreeWithTheTable reads a table in pages while nothing changes.
func TestPagesOfAScanAgreeWithTheTable(t *testing.T) {
	e := newEngine(t, Options{TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	want := map[string]bool{}
	for i := range 100 {
		key := fmt.Sprintf(`{"p":{"S":"p%d"},"s":{"N":"%d"}}`, i%7, i)
		do(t, e, "PutItem", `{"TableName":"Music","Item":`+key+`}`)
		want[key] = true
	}
	start := ""
	for pages := 1; ; pages++ {
		page := call[struct{ Items, LastEvaluatedKey json.RawMessage }](t, e, "Scan", `{"TableName":"Music","Limit":9`+start+`}`)
		for _, item := range strings.SplitAfter(strings.Trim(string(page.Items), "[]"), "}},") {
			key := strings.TrimSuffix(item, ",")
			if key != "" && !want[key] {
				t.Errorf("page %d has %s, which is foreign or has come before", pages, key)
			}
			delete(want, key)
		}
		if page.LastEvaluatedKey == nil {
			break
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
	if len(want) != 0 {
		t.Errorf("%d items have not come", len(want))
	}
}

package table

import (
	"encoding/json"
	"strconv"
)

// Answer is what the operations return, each its part.
type Answer struct {
	// row is Item, or Attributes; nil if there is none.
	Row  Item
	Rows []Item
	// Count is how many rows a Query selected, also if it returns none of them.
	Count int
	// more is LastEvaluatedKey.
	More Item
	// left is the keys of UnprocessedKeys, or the keys and rows of UnprocessedItems.
	Left     []Item
	capacity float64
}

func parseAnswer(body string) (a Answer, err error) {
	p := NewParser(body)
	p.Object(func(name string) {
		switch name {
		case "Item", "Attributes":
			a.Row = p.Item()
		case "Items":
			p.Array(func() { a.Rows = append(a.Rows, p.Item()) })
		case "Count":
			a.Count, _ = strconv.Atoi(p.Bare())
		case "LastEvaluatedKey":
			a.More = p.Item()
		case "Responses":
			p.Object(func(string) { p.Array(func() { a.Rows = append(a.Rows, p.Item()) }) })
		case "UnprocessedKeys":
			p.Object(func(string) { p.unprocessedKeys(&a) })
		case "UnprocessedItems":
			p.Object(func(string) { p.Array(func() { p.unprocessedWrite(&a) }) })
		case "ConsumedCapacity":
			p.capacity(&a)
		default:
			p.Skip()
		}
	})
	return a, p.End()
}

func (p *Parser) unprocessedKeys(a *Answer) {
	p.Object(func(name string) {
		if name != "Keys" {
			p.Skip()
			return
		}
		p.Array(func() { a.Left = append(a.Left, p.Item()) })
	})
}

func (p *Parser) unprocessedWrite(a *Answer) {
	p.Object(func(string) { // "DeleteRequest" or "PutRequest"
		p.Object(func(string) { // "Key" or "Item"
			a.Left = append(a.Left, p.Item())
		})
	})
}

// capacity reads one table's consumption, or a list of them.
func (p *Parser) capacity(a *Answer) {
	if p.Peek() == '[' {
		p.Array(func() { p.capacity(a) })
		return
	}
	p.Object(func(name string) {
		if name != "CapacityUnits" {
			p.Skip()
			return
		}
		var units float64
		p.Space()
		if json.Unmarshal([]byte(p.Bare()), &units) == nil {
			a.capacity += units
		}
	})
}

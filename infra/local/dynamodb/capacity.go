package dynamodb

import "math"

// Sizes of capacity units.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
const (
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

func units(size, unit int) float64 {
	return math.Max(1, float64((size+unit-1)/unit))
}

// writeUnits is what writing size bytes costs.
func writeUnits(size int) float64 { return units(size, writeUnit) }

// readUnits is what reading size bytes costs; half of it if the read may be stale.
func readUnits(size int, consistent bool) float64 {
	u := units(size, readUnit)
	if !consistent {
		u /= 2
	}
	return u
}

// capacity adds up what the operations of a request took, for one table.
type capacity struct {
	table   float64
	indexes map[*index]float64
}

func (c *capacity) addIndex(x *index, units float64) {
	if units == 0 {
		return
	}
	if c.indexes == nil {
		c.indexes = map[*index]float64{}
	}
	c.indexes[x] += units
}

// add counts o factor times.
func (c *capacity) add(o capacity, factor float64) {
	c.table += o.table * factor
	for x, u := range o.indexes {
		c.addIndex(x, u*factor)
	}
}

func (c *capacity) total() float64 {
	total := c.table
	for _, u := range c.indexes {
		total += u
	}
	return total
}

// Which kind of units a transaction reports beside the plain ones.
const (
	readKind  = "ReadCapacityUnits"
	writeKind = "WriteCapacityUnits"
)

// report makes the ConsumedCapacity of a response; detail is the request's
// ReturnConsumedCapacity. It is nil if nobody asked. kind is "" outside of transactions.
func (c *capacity) report(t *table, detail, kind string) any {
	if detail != "TOTAL" && detail != "INDEXES" {
		return nil
	}
	o := append(object{{"TableName", t.name}}, amount(c.total(), kind)...)
	if detail == "TOTAL" {
		return o
	}
	o = append(o, member{"Table", amount(c.table, kind)})
	local, global := object{}, object{}
	for x, u := range c.indexes {
		if x.global {
			global = append(global, member{x.name, amount(u, kind)})
		} else {
			local = append(local, member{x.name, amount(u, kind)})
		}
	}
	return o.with(len(local) > 0, "LocalSecondaryIndexes", local).with(len(global) > 0, "GlobalSecondaryIndexes", global)
}

func amount(units float64, kind string) object {
	return object{{"CapacityUnits", units}}.with(kind != "", kind, units)
}

func checkCapacityParameter(detail string) error {
	return oneOf("returnConsumedCapacity", detail, "INDEXES", "TOTAL", "NONE")
}

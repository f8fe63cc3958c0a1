package history

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// Item is an entry that a Reader found.
type Item struct {
	Entry
	// Log is the index of its log in Subscription.Logs.
	Log int
	// First is its first message that has not been handed out.
	First int
}

func (i Item) mark() Mark { return Mark{i.Log, i.Writer} }

// Merge returns the items by place, except that those of one owner stand by their sequence numbers
// and those of one writer in one log by their numbers. Where that contradicts the places the later
// one is delayed, and none is put before its place. Both orders are the one in which the entries
// were appended, so they do not contradict each other; what does all the same comes last, by place.
func Merge(items []Item) []Item {
	sorted := slices.Clone(items)
	slices.SortFunc(sorted, byPlace)
	g := order{waits: make([]int32, len(sorted)), then: make([][]int32, len(sorted))}
	g.writers(sorted)
	g.owners(sorted)
	return g.walk(sorted)
}

func byPlace(a, b Item) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Log, b.Log), strings.Compare(a.Writer, b.Writer),
		cmp.Compare(a.N, b.N), strings.Compare(a.Record, b.Record))
}

// order is which items must wait for which: items are numbered by place.
type order struct {
	// waits is for how many others an item waits.
	waits []int32
	// then are the items that wait for an item.
	then [][]int32
}

func (g *order) writers(items []Item) {
	chains := map[Mark][]int32{}
	for i := range items {
		chains[items[i].mark()] = append(chains[items[i].mark()], int32(i))
	}
	for _, chain := range chains {
		g.chain(chain, func(a, b int32) int { return cmp.Compare(items[a].N, items[b].N) })
	}
}

func (g *order) owners(items []Item) {
	chains := map[string][]int32{}
	for i := range items {
		if items[i].Owner != "" {
			chains[items[i].Owner] = append(chains[items[i].Owner], int32(i))
		}
	}
	for _, chain := range chains {
		g.chain(chain, func(a, b int32) int { return compareSequence(items[a].Sequence, items[b].Sequence) })
	}
}

// compareSequence compares decimal numbers.
func compareSequence(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// chain has every item wait for those that stand right before it. Equals, such as the entries of
// one record in two logs, do not wait for each other.
func (g *order) chain(chain []int32, compare func(a, b int32) int) {
	slices.SortStableFunc(chain, compare)
	var before []int32
	for len(chain) > 0 {
		n := 1
		for n < len(chain) && compare(chain[0], chain[n]) == 0 {
			n++
		}
		for _, first := range before {
			g.then[first] = append(g.then[first], chain[:n]...)
		}
		for _, second := range chain[:n] {
			g.waits[second] += int32(len(before))
		}
		before, chain = chain[:n], chain[n:]
	}
}

// walk takes, again and again, the first by place of the items that need not wait, or, if all must,
// the first of them.
func (g *order) walk(items []Item) []Item {
	out := make([]Item, 0, len(items))
	taken := make([]bool, len(items))
	var ready places
	for i, n := range g.waits {
		if n == 0 {
			ready = append(ready, int32(i))
		}
	}
	for first := 0; len(out) < len(items); {
		for ; len(ready) == 0; first++ {
			if !taken[first] {
				ready = append(ready, int32(first))
			}
		}
		i := heap.Pop(&ready).(int32)
		out, taken[i] = append(out, items[i]), true
		for _, next := range g.then[i] {
			if g.waits[next]--; g.waits[next] == 0 && !taken[next] {
				heap.Push(&ready, next)
			}
		}
	}
	return out
}

// places is a heap of items by place.
type places []int32

func (p places) Len() int           { return len(p) }
func (p places) Less(i, j int) bool { return p[i] < p[j] }
func (p places) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *places) Push(i any)        { *p = append(*p, i.(int32)) }
func (p *places) Pop() any {
	last := len(*p) - 1
	i := (*p)[last]
	*p = (*p)[:last]
	return i
}

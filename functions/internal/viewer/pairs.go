package viewer

// pairs is a set of pairs of bytes that follow each other, by a hash of each. Most keywords have a
// pair that a text has not, and need not be searched for: most listeners of a busy stream have
// filters that match nothing.
type pairs [64]uint64

func pairAt(s string, i int) uint16 { return (uint16(s[i])*67 ^ uint16(s[i+1])) % 4096 }

func pairsOf(s string) (p pairs) {
	for i := range len(s) - 1 {
		pair := pairAt(s, i)
		p[pair/64] |= 1 << (pair % 64)
	}
	return p
}

// mayHold is false only if s does not stand in the text whose pairs these are.
func (p *pairs) mayHold(s string) bool {
	for i := range len(s) - 1 {
		pair := pairAt(s, i)
		if p[pair/64]&(1<<(pair%64)) == 0 {
			return false
		}
	}
	return true
}

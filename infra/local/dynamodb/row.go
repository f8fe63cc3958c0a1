package dynamodb

import (
	"encoding/binary"
	"strings"

	"github.com/tidwall/btree"

	"edgestream/infra/local/dynamodb/attribute"
)

// row is an item in its place in a tree. The strings are encodings whose byte
// order is the order of the keys (attribute.Value.Sortable).
type row struct {
	hash   uint64 // of pk: the order of a Scan
	pk, sk string // partition and sort key of the tree
	id     string // in an index: the key of the item in its table; makes rows distinct
	item   attribute.Item
	size   int // bytes of item
}

// tree is the storage of a table or an index.
type tree = btree.BTreeG[*row]

func newTree() *tree {
	return btree.NewBTreeGOptions(before, btree.Options{NoLocks: true})
}

func before(a, b *row) bool {
	if a.hash != b.hash {
		return a.hash < b.hash
	}
	if c := strings.Compare(a.pk, b.pk); c != 0 {
		return c < 0
	}
	if c := strings.Compare(a.sk, b.sk); c != 0 {
		return c < 0
	}
	return a.id < b.id
}

// topKey sorts after every encoded key: keys have at most 2,048 bytes.
var topKey = strings.Repeat("\xff", 4096)

// hashOf spreads partition keys evenly over the range of uint64, the same way in every process.
func hashOf(pk string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(pk) {
		h = (h ^ uint64(pk[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd // and a finaliser, since FNV's high bits are weak
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// identity names a row of a table uniquely.
func (r *row) identity() string {
	b := make([]byte, 0, len(r.pk)+len(r.sk)+binary.MaxVarintLen16)
	b = binary.AppendUvarint(b, uint64(len(r.pk)))
	b = append(b, r.pk...)
	return string(append(b, r.sk...))
}

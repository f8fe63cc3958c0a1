package viewer

import (
	"crypto/sha256"
	"encoding/base64"
)

// versionBytes is how much of the hash is kept: it stands in every mapping of the account, and
// has only to tell apart the few versions of one account that are in use together.
const versionBytes = 6

// canonical is what two viewers must have in common to have the same version: a filter as its
// results begin, and its keywords. Written as JSON it says where one text ends and the next begins.
type canonical struct {
	Languages, Blocks, Mutes, BlockedBy, BlockedDomains []string
	Filters                                             []canonicalFilter
}

type canonicalFilter struct {
	Result   string
	Keywords []Keyword
}

// version is that of data in normal form.
func (d Data) version() string {
	if len(d.Languages)+len(d.Blocks)+len(d.Mutes)+len(d.BlockedBy)+len(d.BlockedDomains)+len(d.Filters) == 0 {
		return ""
	}
	c := canonical{d.Languages, d.Blocks, d.Mutes, d.BlockedBy, d.BlockedDomains, nil}
	for _, f := range d.Filters {
		c.Filters = append(c.Filters, canonicalFilter{string(resultOf(f)), f.Keywords})
	}
	sum := sha256.Sum256(quoted(nil, c))
	return base64.RawURLEncoding.EncodeToString(sum[:versionBytes])
}

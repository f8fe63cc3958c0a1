package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/table"
	"edgestream/functions/internal/viewer"
)

// viewerNames are the attributes that say what an account filters, beside its key.
var viewerNames = []string{"key", "languages", "blocks", "mutes", "blockedBy", "blockedDomains", "filters"}

// Viewers reads what accounts filter, a hundred at a time: see viewer.Source. The table is read
// consistently, so that a change is seen by whoever was told of it.
//
// A text, number or map where a list or set belongs is taken for one of one element. What cannot be
// read at all (a map of ids, a BOOL, something binary, an element of such a type) filters nothing and is
// not logged, as each look would say it again; the rest of its row filters.
func (a *Accounts) Viewers(ctx context.Context, accounts []string) (map[string]*viewer.Viewer, error) {
	wanted := slices.Clone(accounts)
	slices.Sort(wanted)
	wanted = slices.DeleteFunc(slices.Compact(wanted), func(account string) bool {
		return len(accountRow(account)) > table.MaxPartitionKey // no such row can be
	})
	found := viewersFound{byAccount: map[string]*viewer.Viewer{}}
	var g errgroup.Group
	g.SetLimit(readsAtOnce)
	for batch := range slices.Chunk(wanted, table.ReadsPerBatch) {
		g.Go(func() error {
			found.add(a.batch(ctx, batch))
			return nil // also with an error: the other batches are read
		})
	}
	_ = g.Wait()
	return found.byAccount, found.err
}

// viewersFound collects what several requests find.
type viewersFound struct {
	mu        sync.Mutex
	byAccount map[string]*viewer.Viewer
	err       error
}

func (f *viewersFound) add(viewers map[string]*viewer.Viewer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.err = fmt.Errorf("viewers: %w", err)
		return
	}
	maps.Copy(f.byAccount, viewers)
}

func accountRow(account string) string { return "account#" + account }

// batch reads up to a hundred accounts, of which each is in the map.
func (a *Accounts) batch(ctx context.Context, accounts []string) (map[string]*viewer.Viewer, error) {
	keys := make([]table.Item, len(accounts))
	for i, account := range accounts {
		keys[i] = table.Item{{"key", table.Text(accountRow(account))}}
	}
	viewers := make(map[string]*viewer.Viewer, len(accounts))
	nobody := viewer.New(viewer.Data{})
	for _, account := range accounts {
		viewers[account] = nobody // unless there is a row
	}
	err := a.table.BatchGetPart(ctx, keys, viewerNames, func(row table.Item) {
		viewers[strings.TrimPrefix(row.Get("key").Text, accountRow(""))] = viewerOf(row)
	})
	return viewers, err
}

// Viewer is the version of what the account filters, see stream.Grant.
func (a *Accounts) Viewer(ctx context.Context, account string) (version string, err error) {
	row, err := a.read(ctx, accountRow(account))
	return viewerOf(row).Version(), err
}

// viewerOf is the viewer that an account's row describes; one that filters nothing if there is
// no row.
func viewerOf(row table.Item) *viewer.Viewer {
	return viewer.New(viewer.Data{
		Languages: readableTexts(row, "languages"),
		Blocks:    readableTexts(row, "blocks"), Mutes: readableTexts(row, "mutes"),
		BlockedBy: readableTexts(row, "blockedBy"), BlockedDomains: readableTexts(row, "blockedDomains"),
		Filters: filtersOf(row.Get("filters")),
	})
}

// elementsOf are the elements of a list or set; a value that is none, as some write for a list of
// one, is its only element.
func elementsOf(v table.Value) []table.Value {
	switch v.Kind {
	case table.IsList, table.IsStringSet, table.IsNumberSet:
		return v.List
	case table.IsString, table.IsNumber, table.IsMap:
		return []table.Value{v}
	}
	return nil
}

// readableTexts are the texts and numbers in a list or set, or the only one.
func readableTexts(row table.Item, name string) (out []string) {
	for _, e := range elementsOf(row.Get(name)) {
		if e.Kind == table.IsString || e.Kind == table.IsNumber {
			out = append(out, e.Text)
		}
	}
	return out
}

func filtersOf(v table.Value) (filters []viewer.Filter) {
	for _, e := range elementsOf(v) {
		if e.Kind != table.IsMap {
			continue
		}
		f := viewer.Filter{Context: readableTexts(e.Fields, "context"), Keywords: keywordsOf(e.Fields.Get("keywords"))}
		_ = errors.Join( // what is not readable is left as it is
			optional(e.Fields, "id", idInto(&f.ID)),
			optional(e.Fields, "title", textInto(&f.Title)),
			optional(e.Fields, "action", textInto(&f.Action)),
		)
		if at, err := instant(e.Fields, "expiresAt"); err == nil && 0 < at.Year() && at.Year() <= lastYear {
			f.ExpiresAt = at
		}
		filters = append(filters, f)
	}
	return filters
}

// lastYear is the last one that ISO 8601 writes with four digits. A later time is most likely one
// in milliseconds.
const lastYear = 9999

func keywordsOf(v table.Value) (keywords []viewer.Keyword) {
	for _, e := range elementsOf(v) {
		if e.Kind != table.IsMap {
			continue
		}
		var k viewer.Keyword
		if optional(e.Fields, "keyword", textInto(&k.Keyword)) != nil {
			continue
		}
		k.WholeWord = e.Fields.Get("wholeWord").Flag
		keywords = append(keywords, k)
	}
	return keywords
}

// sooner is the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

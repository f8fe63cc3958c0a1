package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// record is one change of Content, with what became of it.
type record struct {
	stream.Change
	number int
	// event is its name on the wire.
	event string
	// hears says who is to hear it, by the rules of the streams and not by the code under test.
	hears   func(account string, sub stream.Subscription) bool
	written time.Time
	// published is when its shard went on behind it, queued what of it is on the queue of wide streams,
	// and done when nothing of it was left to do; zero: not yet.
	published, done time.Time
	queued          int
	// repeated says that it may have been posted by an instance that the next one does not know of.
	repeated bool
}

// settle notes that the record is done, if it is.
func (r *record) settle() {
	if !r.published.IsZero() && r.queued == 0 && r.done.IsZero() {
		r.done = time.Now()
	}
}

var (
	accounts = []string{"1", "2", "3", "4"}
	authors  = []string{"a1", "a2", "a3"}
	tags     = []string{"cats", "dogs"}
)

// listOf is the account's list.
func listOf(account string) string { return "l" + account }

// app writes to Content.
type app struct {
	*world
	// posts are the statuses that are there, by author, as they were written last.
	posts map[string][]*record
	// deletes is which record removed a status, by the status's id.
	deletes map[string]int
}

// write makes one change.
func (a *app) write() *record {
	switch n := a.random.IntN(10); {
	case n < 2:
		return a.notify(a.pick(accounts))
	case n < 3:
		return a.announce()
	case n < 5:
		if author := a.pick(authors); len(a.posts[author]) > 0 {
			return a.revise(author)
		}
	}
	return a.post(a.pick(authors))
}

func (w *world) pick(all []string) string { return all[w.random.IntN(len(all))] }

// some are some of them, perhaps none.
func (w *world) some(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(string) bool { return w.chance(0.5) })
}

// add puts the change into the table's stream.
func (a *app) add(owner, event string, c stream.Change, hears func(string, stream.Subscription) bool) *record {
	n := len(a.records)
	r := &record{Change: c, number: n, event: event, hears: hears, written: time.Now()}
	r.EventID, r.Sequence, r.Owner = fmt.Sprint("r", n), strconv.Itoa(1000+n), owner
	r.At = r.written.Truncate(time.Second)
	r.Raw = []byte(r.EventID)
	a.records = append(a.records, r)
	a.note(mark{owner: owner, records: []*record{r}}, "%s writes %d: %s", owner, n, event)
	a.source.put(r)
	return r
}

// payload is what clients are shown: it names its record.
func payload(id string, n int, more string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"n":%d%s}`, id, n, more)
}

func (a *app) notify(account string) *record {
	n := len(a.records)
	id := fmt.Sprint("n", n)
	item := &stream.Item{Owner: account, ID: "notification#" + id, Kind: "notification", Payload: payload(id, n, "")}
	return a.add(account, "notification", stream.Change{New: item}, func(of string, sub stream.Subscription) bool {
		return of == account && (sub.Stream == stream.User || sub.Stream == stream.UserNotification)
	})
}

func (a *app) announce() *record {
	n := len(a.records)
	id := fmt.Sprint("a", n)
	item := &stream.Item{Owner: "announcements", ID: "announcement#" + id, Kind: "announcement", Payload: payload(id, n, "")}
	return a.add("announcements", "announcement", stream.Change{New: item}, func(_ string, sub stream.Subscription) bool {
		return sub.Stream == stream.User
	})
}

// post writes a status for some homes and lists, and perhaps for all.
func (a *app) post(author string) *record {
	if a.chance(0.5) {
		return a.status(author, a.some(accounts), a.some(accounts), "private", nil)
	}
	return a.status(author, a.some(accounts), a.some(accounts), "public", a.some(tags))
}

// shout writes a status that everybody is shown.
func (a *app) shout(author string) *record {
	return a.status(author, accounts, accounts, "public", tags)
}

func statusBody(author, visibility string, tagged []string) string {
	var names []map[string]string
	for _, tag := range tagged {
		names = append(names, map[string]string{"name": tag})
	}
	text, _ := json.Marshal(names) // strings always marshal
	return fmt.Sprintf(`,"visibility":%q,"account":{"id":%q,"acct":%q},"tags":%s`, visibility, author, author, text)
}

// revise changes the author's latest status, or removes it.
func (a *app) revise(author string) *record {
	last := len(a.posts[author]) - 1
	old := a.posts[author][last]
	a.posts[author] = a.posts[author][:last]
	before := old.New
	id := strings.TrimPrefix(before.ID, "status#")
	if a.chance(0.4) {
		a.deletes[id] = len(a.records)
		return a.add(author, "delete", stream.Change{Old: before}, old.hears)
	}
	item := *before
	item.Payload = []byte(strings.Replace(string(before.Payload), fmt.Sprintf(`"n":%d`, old.number), fmt.Sprintf(`"n":%d`, len(a.records)), 1))
	r := a.add(author, "status.update", stream.Change{Old: before, New: &item}, old.hears)
	a.posts[author] = append(a.posts[author], r)
	return r
}

// status writes a status for the homes and lists of accounts, and, if it is public, for all.
func (a *app) status(author string, homes, lists []string, visibility string, tagged []string) *record {
	n := len(a.records)
	id := fmt.Sprint("s", n)
	item := &stream.Item{Owner: author, ID: "status#" + id, Kind: "status", Home: homes}
	for _, account := range lists {
		item.Lists = append(item.Lists, listOf(account))
	}
	item.Payload = payload(id, n, statusBody(author, visibility, tagged))
	r := a.add(author, "update", stream.Change{New: item}, func(account string, sub stream.Subscription) bool {
		switch sub.Stream {
		case stream.User:
			return slices.Contains(homes, account)
		case stream.List:
			return slices.Contains(item.Lists, sub.Param)
		case stream.Hashtag:
			return visibility == "public" && slices.Contains(tagged, sub.Param)
		case stream.Public, stream.PublicLocal:
			return visibility == "public"
		}
		return false
	})
	a.posts[author] = append(a.posts[author], r)
	return r
}

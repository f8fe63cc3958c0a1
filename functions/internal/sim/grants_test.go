package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/viewer"
)

// grants are what tokens and accounts allow, and what accounts filter, which changes while readers listen
// to streams. The adapters are real, as with channels, but for History.
type grants struct {
	*world
	db      *database
	readers []*reader
	visits  []*visit
	// accounts is the stream of Accounts, and changes are its records.
	accounts *source
	changes  []*record
	// rows are the accounts, and ends what ends visits.
	rows   map[string]*accountRow
	ends   []ending
	probes int
	// mutate breaks what enforce and sweep use, to see whether that is found.
	mutate func(*actor, *enforce.Config, *sweep.Config)
}

// accountRow is an account as it is now.
type accountRow struct {
	blocks    []string
	suspended bool
	// filters counts how often these have changed.
	filters int
	// told are the records with which filters have changed.
	told []*record
	// taken is with which its list has become another's; nil: it has not.
	taken *record
	// hides are the times in which an author is blocked.
	hides []*hiding
}

// hiding is an author who is not to be shown, from one record of Accounts until another one.
type hiding struct {
	author   string
	from, to *record
}

// ending is a change by which visits end.
type ending struct {
	*record
	of func(*visit) bool
}

// token is one that a reader has got.
type token struct {
	text, account string
	expires       time.Time
	revoked       *record
}

func (t *token) hash() string {
	sum := sha256.Sum256([]byte(t.text))
	return hex.EncodeToString(sum[:])
}

func newGrants(w *world) *grants {
	g := &grants{world: w, db: newDatabase(w), rows: map[string]*accountRow{}, mutate: w.loosen}
	for _, account := range accounts {
		g.rows[account] = &accountRow{}
		g.writeAccount(account)
		g.db.put("Accounts", map[string]any{"key": text("list#" + listOf(account)), "account": text(account)})
	}
	g.db.follow("Content", func(raw json.RawMessage) {
		r := &record{Change: dynamo.Change(raw), number: len(g.records), written: time.Now(), event: "filters_changed"}
		r.hears = func(account string, sub stream.Subscription) bool {
			return account == r.Owner && sub.Stream == stream.User
		}
		g.records = append(g.records, r)
		g.note(mark{owner: r.Owner, records: []*record{r}}, "%d: the filters of %s have changed", r.number, r.Owner)
		g.source.put(r)
	})
	return g
}

func (g *grants) begin() {
	g.accounts = newSourceOf(g.world, 1, g.enforcer, func(ctx context.Context, p *publisher, batch []*record) []string {
		early, cancel := context.WithTimeout(ctx, publishTimeout-2*time.Second)
		defer cancel()
		all := make([]enforce.Change, len(batch))
		for i, r := range batch {
			all[i] = dynamo.AccountChange(r.Raw)
		}
		return p.enforcer.Enforce(early, all)
	})
	g.db.follow("Accounts", func(raw json.RawMessage) {
		c := dynamo.AccountChange(raw)
		r := &record{number: len(g.changes), written: time.Now()}
		r.Sequence, r.Owner, r.Raw = c.Sequence, c.Key, raw
		g.changes = append(g.changes, r)
		g.note(mark{}, "change %d of %s", r.number, r.Owner)
		g.accounts.put(r)
	})
	for n := range 3 + g.random.IntN(7) {
		g.readers = append(g.readers, newReader(g, n))
	}
	for range g.weather.splits {
		g.after(g.between(time.Second, busy), g.source.split)
	}
	for range 15 + g.random.IntN(50) {
		g.after(g.between(time.Second, busy), func() { g.app.write() })
	}
	for range 5 + g.random.IntN(15) {
		g.after(g.between(5*time.Second, busy), g.change)
	}
	for range g.random.IntN(3) {
		g.after(g.between(5*time.Second, busy), func() { g.take(g.pick(accounts)) })
	}
	for range 3 {
		g.after(busy+g.between(3*time.Minute, g.heals()-time.Minute), g.change)
	}
}

func (g *grants) heals() time.Duration { return 6 * time.Minute }

// change changes something in Accounts.
func (g *grants) change() {
	account := g.pick(accounts)
	row := g.rows[account]
	switch n := g.random.IntN(10); {
	case n < 5:
		g.revoke(g.readers[g.random.IntN(len(g.readers))].token)
	case n < 8:
		g.block(account, g.pick(authors))
	case n < 9:
		row.filters++
		row.told = append(row.told, g.writeAccount(account))
	case !row.suspended:
		row.suspended = true
		g.ends = append(g.ends, ending{g.writeAccount(account), func(v *visit) bool { return v.token.account == account }})
		g.after(g.between(time.Second, 30*time.Second), func() {
			row.suspended = false
			g.writeAccount(account)
		})
	}
}

// take gives the account's list to another one, for good.
func (g *grants) take(account string) {
	if g.rows[account].taken != nil {
		return
	}
	g.db.put("Accounts", map[string]any{"key": text("list#" + listOf(account)), "account": text("somebody else")})
	g.rows[account].taken = g.changes[len(g.changes)-1]
	g.note(mark{}, "the list of %s becomes another's by change %d", account, g.rows[account].taken.number)
	g.saw("a list that becomes another's")
}

// revoke ends a token, whose row goes or says so.
func (g *grants) revoke(t *token) {
	if t == nil || t.revoked != nil || !t.expires.IsZero() && !time.Now().Before(t.expires) {
		return
	}
	key := map[string]any{"key": text("token#" + t.hash())}
	if g.chance(0.5) {
		g.db.call("DeleteItem", map[string]any{"TableName": "Accounts", "Key": key})
	} else {
		g.db.call("UpdateItem", map[string]any{
			"TableName": "Accounts", "Key": key, "UpdateExpression": "SET revokedAt = :at",
			"ExpressionAttributeValues": map[string]any{":at": number(time.Now().Unix())},
		})
	}
	g.db.drain("Accounts")
	t.revoked = g.changes[len(g.changes)-1]
	g.note(mark{}, "the token %s is revoked by change %d", t.text, t.revoked.number)
	g.ends = append(g.ends, ending{t.revoked, func(v *visit) bool { return v.token == t }})
}

func number(n int64) map[string]any { return map[string]any{"N": strconv.FormatInt(n, 10)} }

// block has the account block the author, or not any more.
func (g *grants) block(account, author string) {
	row := g.rows[account]
	if i := slices.Index(row.blocks, author); i >= 0 {
		row.blocks = slices.Delete(row.blocks, i, i+1)
		end := slices.IndexFunc(row.hides, func(h *hiding) bool { return h.author == author && h.to == nil })
		row.hides[end].to = g.writeAccount(account)
		return
	}
	row.blocks = append(row.blocks, author)
	row.hides = append(row.hides, &hiding{author: author, from: g.writeAccount(account)})
}

// writeAccount writes the account's row, and returns its record.
func (g *grants) writeAccount(account string) *record {
	a := g.rows[account]
	row := map[string]any{"key": text("account#" + account), "suspended": map[string]any{"BOOL": a.suspended}}
	if len(a.blocks) > 0 {
		row["blocks"] = map[string]any{"SS": a.blocks}
	}
	if a.filters > 0 {
		words := map[string]any{"L": []any{map[string]any{"M": map[string]any{"keyword": text(fmt.Sprint("word", a.filters))}}}}
		row["filters"] = map[string]any{"L": []any{map[string]any{"M": map[string]any{
			"id": text("1"), "title": text("t"), "context": map[string]any{"SS": []string{"home", "public"}}, "keywords": words,
		}}}}
	}
	g.db.put("Accounts", row)
	if len(g.changes) == 0 {
		return nil // before anybody listens
	}
	return g.changes[len(g.changes)-1]
}

// issue makes a token for the account, which may run out.
func (g *grants) issue(name, account string) *token {
	t := &token{text: name, account: account}
	row := map[string]any{"key": text("token#" + t.hash()), "account": text(account), "scopes": map[string]any{"SS": []string{"read"}}}
	if time.Since(g.start) < busy && g.chance(0.3) {
		t.expires = time.Now().Add(g.between(5*time.Second, 2*time.Minute)).Truncate(time.Second)
		row["expiresAt"] = number(t.expires.Unix())
	}
	g.db.put("Accounts", row)
	return t
}

// enforcer is a new instance of enforce.
func (g *grants) enforcer() *publisher {
	a := g.actor("enforce")
	db := g.db.client(a)
	c := enforce.Config{
		Directory: dynamo.NewConnections(db, "Connections", dynamo.Limits{}), Poster: api{a}, Logs: controls{a.log()},
		Content: dynamo.NewContent(db, "Content"), Jitter: a.jitter,
	}
	if g.mutate != nil {
		g.mutate(a, &c, nil)
	}
	return &publisher{actor: a, enforcer: enforce.New(c)}
}

// controls are entries of logs, which nobody here reads.
type controls struct{ log }

func (c controls) Control(ctx context.Context, topic stream.Topic, event, payload string) error {
	return nil
}

// connections are the instance's.
func (g *grants) connections(a *actor) *dynamo.Connections {
	return dynamo.NewConnections(g.db.client(a), "Connections", dynamo.Limits{Subscriptions: 100, Connections: 1000})
}

func (g *grants) resume(a *actor) mastodon.Resume {
	return mastodon.Resume{Positions: history.Resumer{Keeper: g.connections(a), Log: a.log(), Kept: 15 * time.Minute}, Replayer: queue{a}}
}

func (g *grants) admits(a *actor) mastodon.Connect {
	known, rows := dynamo.NewAccounts(g.db.client(a), "Accounts"), g.connections(a)
	return mastodon.Connect{
		Tokens: known, Authoriser: mastodon.Authoriser{Lists: known, MaxTag: 100, MaxList: 100}, Connections: rows,
		Recheck: mastodon.Recheck{Lists: known, Viewers: known, Mappings: rows}, Resume: g.resume(a), Greeter: queue{a},
	}
}

func (g *grants) receives(a *actor) mastodon.Messages {
	known, rows := dynamo.NewAccounts(g.db.client(a), "Accounts"), g.connections(a)
	return mastodon.Messages{
		Sessions: rows, Subscriptions: rows, Authoriser: mastodon.Authoriser{Lists: known, MaxTag: 100, MaxList: 100},
		Recheck: mastodon.Recheck{Lists: known, Viewers: known, Mappings: rows}, Resume: g.resume(a), MaxBytes: 1 << 10, Margin: time.Second,
		Greeter: greet.Greeter{Poster: api{a}, Closer: api{a}, Patience: 4 * time.Second, Jitter: a.jitter},
	}
}

func (g *grants) publisher() *publisher {
	a := g.actor("publish")
	writer := history.NewWriter(a.log(), history.WriterConfig{Jitter: a.jitter, Name: namesOf(g.instances["publish"])})
	return &publisher{actor: a, Publisher: publish.New(publish.Config{
		Directory: g.connections(a), Recorder: writer, Poster: api{a}, Greeter: queue{a}, Reporter: reporter{a},
		Viewers: viewer.NewCache(dynamo.NewAccounts(g.db.client(a), "Accounts"), time.Minute, 1<<20),
		Encode:  mastodon.Frame, Identify: mastodon.WithID, Jitter: a.jitter,
	})}
}

func (g *grants) sweeps(a *actor) *sweep.Sweeper {
	c := sweep.Config{Table: g.connections(a), Transport: api{a}, KeepAlive: a.keepAlive, Jitter: a.jitter}
	if g.mutate != nil {
		g.mutate(a, nil, &c)
	}
	return sweep.New(c)
}

func (g *grants) recordOf(_ string, f frame) *record {
	if n, ok := g.app.numberOf(f); ok {
		return g.records[n]
	}
	return nil
}

func (g *grants) probe() {
	if g.probes++; g.probes > 2 {
		return
	}
	g.after(probing/4, g.probe)
	g.app.announce()
	for _, account := range accounts {
		g.app.notify(account)
	}
	for _, author := range authors {
		g.app.shout(author)
	}
}

func (g *grants) finish() { g.checkAll() }

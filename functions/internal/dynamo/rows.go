package dynamo

import (
	"cmp"
	"strings"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// held is a subscription as a connection's row and a mapping keep it.
type held struct {
	// at is the time of the newest message, in milliseconds.
	at int64
	// on is false for a tombstone.
	on    bool
	param string
	// since is the time of the message that made the subscription, if a later one has repeated it.
	since int64
	// who it is for, on a presence channel of an app.
	who pusher.Subscriber
}

// made is the time of the message that made the subscription: where it is on, a mapping has no other.
func (h held) made() int64 { return cmp.Or(h.since, h.at) }

// entry writes what is held under a key. The spelling is left out where the key says it.
func (h held) entry(key string) table.Item {
	i := table.Item{{"t", table.Number(h.at)}}
	if _, spelled, _ := strings.Cut(key, "#"); spelled != h.param {
		i = append(i, table.Field{"p", table.Text(h.param)})
	}
	if h.since != 0 {
		i = append(i, table.Field{"b", table.Number(h.since)})
	}
	if h.who.User != "" {
		i = append(i, table.Field{"w", table.Text(h.who.User)})
	}
	if h.who.Info != "" {
		i = append(i, table.Field{"i", table.Text(h.who.Info)})
	}
	if !h.on {
		i = append(i, table.Field{"off", table.Flag(true)})
	}
	return i
}

// readHeld reads what entry wrote.
func readHeld(key string, i table.Item) held {
	_, param, _ := strings.Cut(key, "#")
	if p := i.Get("p"); p.Kind == table.IsString {
		param = p.Text
	}
	at, _ := i.Get("t").Int()
	since, _ := i.Get("b").Int()
	return held{
		at: at, on: !i.Get("off").Flag, param: param, since: since,
		who: pusher.Subscriber{User: i.Get("w").Text, Info: i.Get("i").Text},
	}
}

func (h held) subscription(key string) stream.Subscription {
	name, _, _ := strings.Cut(key, "#")
	return stream.Subscription{Stream: stream.Name(name), Param: h.param}
}

// connectionRow is a connection's row as it is read.
type connectionRow struct{ table.Item }

func newConnectionRow(s stream.Session, first []stream.Subscription, now time.Time) table.Item {
	subs := table.Item{}
	for _, sub := range first {
		key := sub.Key()
		if subs.Get(key).Kind == "" {
			subs = append(subs, table.Field{key, table.Map(firstHeld(s, sub).entry(key))})
		}
	}
	row := append(connectionKey(s.Connection), whose(s), table.Field{"o", table.Number(now.UnixMilli())},
		table.Field{"s", table.Map(subs)}, table.Field{"n", table.Number(int64(len(subs)))}, table.Expires(s.ConnectedAt.Add(lifetime)))
	if s.App != "" {
		return row
	}
	row = append(row, table.Field{"sc", table.Text(strings.Join(s.Scopes, " "))}, table.Field{"h", table.Text(s.TokenHash)})
	row = append(row, until(s.Grant)...)
	return append(row, asked(s)...)
}

// whose is the account or the app of a session.
func whose(s stream.Session) table.Field {
	if s.App != "" {
		return table.Field{"ap", table.Text(s.App)}
	}
	return table.Field{"a", table.Text(s.Account)}
}

// firstHeld is what $connect subscribes to.
func firstHeld(s stream.Session, sub stream.Subscription) held {
	return held{at: milliseconds(s.ConnectedAt), on: true, param: sub.Param}
}

// asked is what rows of a session have that asked for ids, or filters.
func asked(s stream.Session) (i table.Item) {
	if s.EventIDs {
		i = append(i, table.Field{"e", table.Flag(true)})
	}
	if s.Viewer != "" {
		i = append(i, table.Field{"f", table.Text(s.Viewer)})
	}
	return i
}

// openedAt is when $connect wrote a row, if the subscription in it is $connect's: one of a message
// has a time after the connection's own.
func openedAt(row table.Item, at int64, connected time.Time) time.Time {
	if at > connected.UnixMilli() {
		return time.Time{}
	}
	return table.Millis(row.Get("o"))
}

// until is the token's expiry, to the second; nothing if it has none.
func until(g stream.Grant) table.Item {
	if g.TokenExpires.IsZero() {
		return nil
	}
	return table.Item{{"u", table.Number(g.TokenExpires.Unix())}}
}

func (r connectionRow) account() string { return r.Get("a").Text }

func (r connectionRow) app() string { return r.Get("ap").Text }

// owner is a session that says where the row's subscriptions are found.
func (r connectionRow) owner() stream.Session {
	return stream.Session{Grant: stream.Grant{Account: r.account()}, App: r.app()}
}

// closing reports whether the connection is being closed: it holds nothing new then.
func (r connectionRow) closing() bool { return r.Get("cl").Given() }

func (r connectionRow) active() int64 {
	n, _ := r.Get("n").Int()
	return n
}

// held is what the row has for a subscription key; false if it has nothing.
func (r connectionRow) held(key string) (held, bool) {
	e := r.Get("s").Fields.Get(key)
	return readHeld(key, e.Fields), e.Kind == table.IsMap
}

// subscriptions are those that are on, and tombstones the others, by key.
func (r connectionRow) split() (subscriptions, tombstones map[string]held) {
	subscriptions, tombstones = map[string]held{}, map[string]held{}
	for _, e := range r.Get("s").Fields {
		if h := readHeld(e.Name, e.Fields); h.on {
			subscriptions[e.Name] = h
		} else {
			tombstones[e.Name] = h
		}
	}
	return subscriptions, tombstones
}

func (r connectionRow) session() (s stream.Session, ok bool) {
	s.Connection, ok = splitConnectionKey(r.Get("sk").Text)
	s.Account, s.App, s.TokenHash = r.account(), r.app(), r.Get("h").Text
	s.Scopes = strings.Fields(r.Get("sc").Text)
	s.TokenExpires = table.Seconds(r.Get("u"))
	s.EventIDs, s.Viewer = r.Get("e").Flag, r.Get("f").Text
	return s, ok && (s.Account != "" || s.App != "")
}

func splitConnectionKey(sk string) (stream.Connection, bool) {
	ms, id, ok := strings.Cut(sk, "#")
	at, isNumber := table.Value{Kind: table.IsNumber, Text: strings.TrimLeft(ms, "0")}.Int()
	return stream.Connection{ID: id, ConnectedAt: time.UnixMilli(at).UTC()}, ok && isNumber
}

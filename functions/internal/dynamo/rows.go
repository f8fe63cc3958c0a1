package dynamo

import (
	"cmp"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
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
}

// made is the time of the message that made the subscription: where it is on, a mapping has no other.
func (h held) made() int64 { return cmp.Or(h.since, h.at) }

// entry writes what is held under a key. The spelling is left out where the key says it.
func (h held) entry(key string) item {
	i := item{{"t", number(h.at)}}
	if _, spelled, _ := strings.Cut(key, "#"); spelled != h.param {
		i = append(i, field{"p", text(h.param)})
	}
	if h.since != 0 {
		i = append(i, field{"b", number(h.since)})
	}
	if !h.on {
		i = append(i, field{"off", flag(true)})
	}
	return i
}

// readHeld reads what entry wrote.
func readHeld(key string, i item) held {
	_, param, _ := strings.Cut(key, "#")
	if p := i.get("p"); p.kind == isString {
		param = p.text
	}
	at, _ := i.get("t").int()
	since, _ := i.get("b").int()
	return held{at: at, on: !i.get("off").flag, param: param, since: since}
}

func (h held) subscription(key string) stream.Subscription {
	name, _, _ := strings.Cut(key, "#")
	return stream.Subscription{Stream: stream.Name(name), Param: h.param}
}

// connectionRow is a connection's row as it is read.
type connectionRow struct{ item }

func newConnectionRow(s stream.Session, first []stream.Subscription, now time.Time) item {
	subs := item{}
	for _, sub := range first {
		key := sub.Key()
		if subs.get(key).kind == "" {
			subs = append(subs, field{key, mapOf(firstHeld(s, sub).entry(key))})
		}
	}
	row := append(connectionKey(s.Connection),
		field{"a", text(s.Account)}, field{"sc", text(strings.Join(s.Scopes, " "))}, field{"h", text(s.TokenHash)}, field{"o", number(now.UnixMilli())},
		field{"s", mapOf(subs)}, field{"n", number(int64(len(subs)))}, expires(s.ConnectedAt.Add(lifetime)))
	row = append(row, until(s.Grant)...)
	return append(row, asked(s)...)
}

// firstHeld is what $connect subscribes to.
func firstHeld(s stream.Session, sub stream.Subscription) held {
	return held{at: milliseconds(s.ConnectedAt), on: true, param: sub.Param}
}

// asked is what rows of a session have that asked for ids, or filters.
func asked(s stream.Session) (i item) {
	if s.EventIDs {
		i = append(i, field{"e", flag(true)})
	}
	if s.Viewer != "" {
		i = append(i, field{"f", text(s.Viewer)})
	}
	return i
}

// openedAt is when $connect wrote a row, if the subscription in it is $connect's: one of a message
// has a time after the connection's own.
func openedAt(row item, at int64, connected time.Time) time.Time {
	if at > connected.UnixMilli() {
		return time.Time{}
	}
	return millis(row.get("o"))
}

func expires(at time.Time) field { return field{"expiresAt", number(at.Unix())} }

// until is the token's expiry, to the second; nothing if it has none.
func until(g stream.Grant) item {
	if g.TokenExpires.IsZero() {
		return nil
	}
	return item{{"u", number(g.TokenExpires.Unix())}}
}

func (r connectionRow) account() string { return r.get("a").text }

func (r connectionRow) active() int64 {
	n, _ := r.get("n").int()
	return n
}

// held is what the row has for a subscription key; false if it has nothing.
func (r connectionRow) held(key string) (held, bool) {
	e := r.get("s").fields.get(key)
	return readHeld(key, e.fields), e.kind == isMap
}

// subscriptions are those that are on, and tombstones the others, by key.
func (r connectionRow) split() (subscriptions, tombstones map[string]held) {
	subscriptions, tombstones = map[string]held{}, map[string]held{}
	for _, e := range r.get("s").fields {
		if h := readHeld(e.name, e.fields); h.on {
			subscriptions[e.name] = h
		} else {
			tombstones[e.name] = h
		}
	}
	return subscriptions, tombstones
}

func (r connectionRow) session() (s stream.Session, ok bool) {
	s.Connection, ok = splitConnectionKey(r.get("sk").text)
	s.Account, s.TokenHash = r.account(), r.get("h").text
	s.Scopes = strings.Fields(r.get("sc").text)
	s.TokenExpires = seconds(r.get("u"))
	s.EventIDs, s.Viewer = r.get("e").flag, r.get("f").text
	return s, ok && s.Account != ""
}

func splitConnectionKey(sk string) (stream.Connection, bool) {
	ms, id, ok := strings.Cut(sk, "#")
	at, isNumber := value{kind: isNumber, text: strings.TrimLeft(ms, "0")}.int()
	return stream.Connection{ID: id, ConnectedAt: time.UnixMilli(at).UTC()}, ok && isNumber
}

func seconds(v value) time.Time {
	if n, ok := v.int(); ok {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

func millis(v value) time.Time {
	n, _ := v.int()
	return time.UnixMilli(n).UTC()
}

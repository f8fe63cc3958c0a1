package stack_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// audience is one socket for each stream, so that what a stream says can be told from the rest.
type audience struct {
	w       *world
	sockets map[string]*socket
	// topics reach every socket, for the marker that ends a step.
	topics []any
	// fields are what stands for each socket in a frame's "stream".
	fields map[string][]string
}

// streamOf is the first word of a frame's stream.
func streamOf(t *testing.T, text string) string {
	t.Helper()
	var f struct{ Stream []string }
	if err := json.Unmarshal([]byte(text), &f); err != nil || len(f.Stream) == 0 {
		t.Fatalf("no event: %s", text)
	}
	return f.Stream[0]
}

// join opens the sockets of A, who has every stream, and those of B that are B's own.
func join(t *testing.T, w *world, a, b cast) *audience {
	t.Helper()
	all := &audience{w: w, sockets: map[string]*socket{}, fields: map[string][]string{}}
	for _, stream := range streamNames {
		all.add(t, stream, a)
	}
	for _, stream := range []string{"user", "user:notification", "direct", "list"} {
		all.add(t, stream, b)
	}
	return all
}

// cast is an account with what it listens to.
type cast struct{ name, account, token, list, tag string }

func (all *audience) add(t *testing.T, stream string, c cast) {
	t.Helper()
	query, _ := named(stream, c.tag, c.list)
	name := strings.TrimSpace(c.name + " " + stream)
	all.sockets[name] = all.w.dial(t, c.token, query)
	all.fields[name] = []string{stream}
	topic := row{"stream": stream}
	switch stream {
	case "hashtag", "hashtag:local":
		topic["tag"], all.fields[name] = c.tag, []string{stream, c.tag}
	case "list":
		topic["list"], all.fields[name] = c.list, []string{stream, c.list}
	case "user", "user:notification", "direct":
		topic["account"] = c.account
	}
	all.topics = append(all.topics, topic)
}

// say is an event as the sockets named in to get it.
type say struct{ to, event, payload string }

// none is the payload of an event that has none.
const none = "(none)"

// check reads from each socket what the step says, and then the marker: so nothing else came.
func (all *audience) check(t *testing.T, owner string, says []say) {
	t.Helper()
	marker := "marker-" + fresh()
	all.w.content(t, row{"owner": owner, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": marker, "payload": "", "topics": all.topics})
	for name, s := range all.sockets {
		var want []string
		for _, e := range says {
			if contains(e.to, name) {
				want = append(want, all.frame(name, e))
			}
		}
		for _, f := range append(want, all.frame(name, say{event: marker})) {
			if got := s.next(); got != f {
				t.Errorf("%s got\n%s\nwant\n%s", name, got, f)
				for got != all.frame(name, say{event: marker}) {
					got = s.next()
				}
				break
			}
		}
	}
}

// contains reports whether the list, by commas, has the name.
func contains(list, name string) bool {
	for each := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(each) == name {
			return true
		}
	}
	return false
}

func (all *audience) frame(name string, e say) string {
	if e.payload == none {
		return encode(struct {
			Stream []string `json:"stream"`
			Event  string   `json:"event"`
		}{all.fields[name], e.event})
	}
	return frame(e.payload, e.event, all.fields[name]...)
}

// step is a write and what it says to whom.
type step struct {
	name  string
	write row // a removal if it has no kind
	says  []say
}

func (all *audience) play(t *testing.T, steps []step) {
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			owner, id := s.write["owner"].(string), s.write["id"].(string)
			if s.write["kind"] == nil {
				all.w.remove(t, owner, id)
			} else {
				all.w.content(t, s.write)
			}
			all.check(t, owner, s.says)
		})
	}
}

// stage is an audience with the accounts that it is made of, and an author.
func stage(t *testing.T) (all *audience, a, b cast, author string) {
	w := theStack(t)
	a, b = cast{tag: "Cäts" + fresh()}, cast{name: "B"}
	a.account, a.token, a.list = w.member(t)
	b.account, b.token, b.list = w.member(t)
	return join(t, w, a, b), a, b, fresh()
}

// with is a copy of the item with these attributes set; nil takes one away.
func (r row) with(more row) row {
	copied := row{}
	for name, v := range r {
		copied[name] = v
	}
	for name, v := range more {
		if v == nil {
			delete(copied, name)
		} else {
			copied[name] = v
		}
	}
	return copied
}

func (r row) key() row { return row{"owner": r["owner"], "id": r["id"]} }

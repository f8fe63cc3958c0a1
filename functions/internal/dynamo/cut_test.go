package dynamo

import (
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// mapMany writes so many mappings of a tag without their connections.
func mapMany(t testing.TB, c *Connections, n int, sub stream.Subscription) (all []stream.Session) {
	t.Helper()
	var memberships []stream.Membership
	for i := range n {
		s := stream.Session{Connection: stream.Connection{ID: fmt.Sprintf("PJqB0fHsqR%05d=", i), ConnectedAt: time.Now().Add(-time.Hour).UTC()}, Grant: stream.Grant{Account: "1"}}
		all, memberships = append(all, s), append(memberships, stream.Membership{Session: s, Subscription: sub})
	}
	if err := c.MapAll(t.Context(), memberships); err != nil {
		t.Fatal(err)
	}
	return all
}

// wide is what one look-up says of a topic.
func (c *Connections) wide(t testing.TB, topic stream.Topic) stream.Audience {
	t.Helper()
	a, err := c.audience(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOnlyAsManyRowsAreReadAsItTakesToKnow(t *testing.T) {
	client, _, name := newTable(t, "pk", "sk")
	c := NewConnections(client, name, Limits{})
	mapMany(t, c, 200, tag("wide"))
	rows := 0
	c.table.Meter(func(table.Units) { rows++ })
	if a := c.CutFrom(50).wide(t, tag("wide").Topic("")); len(a.Wide) != 1 || a.Wide[0] != "topic#hashtag/wide" || rows != 1 {
		t.Errorf("wide %q after %d calls", a.Wide, rows)
	}
	rows = 0
	if a := c.CutFrom(199).wide(t, tag("wide").Topic("")); len(a.Wide) != 1 || rows != 1 {
		t.Errorf("wide %q after %d calls", a.Wide, rows)
	}
	if a := c.CutFrom(200).wide(t, tag("wide").Topic("")); len(a.Wide) != 0 || len(a.Listeners) != 200 {
		t.Errorf("wide %q, %d listeners", a.Wide, len(a.Listeners))
	}
}

func TestTombstonesAndOldRowsDoNotMakeATopicWide(t *testing.T) {
	c := newConnections(t, Limits{})
	ended := mapMany(t, c, 120, tag("cats"))
	for _, s := range ended[:60] {
		if _, err := c.mapTopic(t.Context(), s, tag("cats"), held{at: time.Now().Add(time.Hour).UnixMilli(), param: "cats"}, 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range ended[60:112] {
		key := mappingKey(s.Connection, tag("cats").Topic(""), tag("cats").Key())
		_, err := c.table.Call(t.Context(), "UpdateItem", table.Parameters{"Key": key, "UpdateExpression": "SET expiresAt = :then",
			"ExpressionAttributeValues": table.Item{{":then", table.Number(time.Now().Add(-time.Minute).Unix())}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for most, want := range map[int]int{7: 0, 8: 8} {
		a := c.CutFrom(most).wide(t, tag("cats").Topic(""))
		if len(a.Listeners) != want || (len(a.Wide) == 0) != (want > 0) {
			t.Errorf("cut from %d on: %d listeners, wide %q", most, len(a.Listeners), a.Wide)
		}
	}
	if n, err := c.Slices().Count(t.Context(), tag("cats").Topic("")); err != nil || n != 8 {
		t.Errorf("%d are counted, %v", n, err)
	}
}

func TestEachKeyOfAPublicTopicIsASegment(t *testing.T) {
	c := newConnections(t, Limits{})
	public, in := stream.Subscription{Stream: stream.Public}, map[string]int{}
	most := map[string]int{"topic#public#0": 9, "topic#public#1": 9, "topic#public#5": 1}
	for _, s := range mapMany(t, c, 200, tag("none")) {
		key := mappingKey(s.Connection, stream.PublicTopic(), public.Key()).Get("pk").Text
		if in[key]++; in[key] > most[key] {
			continue
		}
		if err := c.MapAll(t.Context(), []stream.Membership{{Session: s, Subscription: public}}); err != nil {
			t.Fatal(err)
		}
	}
	for from, wide := range map[int]int{1: 8, 18: 8, 19: 2, 4*9 - 1: 2, 4 * 9: 0} {
		a := c.CutFrom(from).wide(t, stream.PublicTopic())
		listeners := map[int]int{8: 0, 2: 1, 0: 19}[wide]
		if len(a.Wide) != wide || len(a.Listeners) != listeners || wide > 0 && (a.Wide[0] != "topic#public#0" || a.Wide[1] != "topic#public#1") {
			t.Errorf("cut from %d on: %d listeners, wide %q", from, len(a.Listeners), a.Wide)
		}
	}
}

func TestATopicOverSeveralKeysIsCutByAllOfItsListeners(t *testing.T) {
	c := newConnections(t, Limits{})
	for i := range 160 {
		connected(t, c, fmt.Sprintf("PJqB0fHsqR%05d=", i), time.Hour, stream.Subscription{Stream: stream.Public}, stream.Subscription{Stream: stream.User})
	}
	for topic, segments := range map[stream.Topic]int{stream.PublicTopic(): publicKeys, stream.EveryoneTopic(): 1} {
		if a := c.CutFrom(160).wide(t, topic); len(a.Wide) != 0 || len(a.Listeners) != 160 {
			t.Errorf("%v: %d listeners, wide %q", topic, len(a.Listeners), a.Wide)
		}
		if a := c.CutFrom(159).wide(t, topic); len(a.Wide) != segments || len(a.Listeners) != 0 {
			t.Errorf("%v, with one more than that: %d listeners, wide %q", topic, len(a.Listeners), a.Wide)
		}
	}
}

func TestChannelsThatJoinAndAccountsAreNeverWide(t *testing.T) {
	for topic, want := range map[stream.Topic]bool{
		stream.AccountTopic("1"): false, stream.PublicTopic(): true, stream.HashtagTopic("x"): true, stream.ListTopic("1"): true, stream.EveryoneTopic(): true,
		stream.ChannelTopic("1", "x"): true, stream.ChannelTopic("1", "private-x"): true, stream.ChannelTopic("1", "presence-x"): false,
		stream.ChannelTopic("1", "cache-x"): false, stream.ChannelTopic("1", "private-cache-x"): false, stream.WatchTopic("1", "7"): false,
	} {
		if got := mayBeWide(topic); got != want {
			t.Errorf("%v: %v", topic, got)
		}
	}
}

func TestWhatIsOpenOnEveryoneIsNoConnection(t *testing.T) {
	c := newConnections(t, Limits{})
	for i := range connectionKeys {
		connected(t, c, fmt.Sprintf("A%d=", i), time.Hour, stream.Subscription{Stream: stream.User})
	}
	s, everyone := c.Slices(), stream.EveryoneTopic()
	if err := s.Open(t.Context(), everyoneSegment, "event#1", []int{0, 15}); err != nil {
		t.Fatal(err)
	}
	a := c.CutFrom(1000).wide(t, everyone)
	if len(a.Wide) != 1 || a.Wide[0] != everyoneSegment || len(a.Listeners) != 0 {
		t.Errorf("%+v", a)
	}
	if all := c.wide(t, everyone); len(all.Wide) != 0 || len(all.Listeners) != connectionKeys {
		t.Errorf("%+v", all)
	}
	sockets, err := c.Opened(t.Context(), sweep.Window{From: time.Now().Add(-2 * time.Hour), To: time.Now()})
	if err != nil || len(sockets) != connectionKeys {
		t.Errorf("a sweep finds %d connections, %v", len(sockets), err)
	}
	if n, err := s.Count(t.Context(), everyone); err != nil || n != connectionKeys {
		t.Errorf("%d are counted, %v", n, err)
	}
	if connectionKeys != stream.Slices {
		t.Error("a slice of everyone is not one key of the connections")
	}
}

func TestWhatIsOpenIsNoMapping(t *testing.T) {
	c := newConnections(t, Limits{})
	topic := stream.ChannelTopic("4072", "x")
	if err := c.Slices().Open(t.Context(), stream.Segment(topicPartitions(topic)[0]), "event#1#x", []int{3}); err != nil {
		t.Fatal(err)
	}
	if n, err := c.CountMappings(t.Context(), topic, 10); err != nil || n != 0 {
		t.Errorf("%d mappings, %v", n, err)
	}
	if a := c.wide(t, topic); len(a.Listeners) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestAPageOfEveryoneMovesOnWithTime(t *testing.T) {
	c := newConnections(t, Limits{})
	s := connected(t, c, "A1=", time.Hour, stream.Subscription{Stream: stream.User})
	slice := int(hashOf(s.ID) % connectionKeys)
	old := fmt.Sprintf("%013d#B1=", time.Now().Add(-3*time.Hour).UnixMilli())
	found, next, err := c.Slices().Page(t.Context(), stream.EveryoneTopic(), everyoneSegment, slice, old, 10)
	if err != nil || len(found) != 1 || next != "" {
		t.Errorf("%v, %q, %v", found, next, err)
	}
	c.now = func() time.Time { return time.Now().Add(3 * time.Hour) }
	if found, _, err := c.Slices().Page(t.Context(), stream.EveryoneTopic(), everyoneSegment, slice, "", 10); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

package dynamodb

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type described struct {
	StreamDescription struct {
		StreamArn, StreamStatus string
		Shards                  []struct {
			ShardId, ParentShardId string
			SequenceNumberRange    struct{ StartingSequenceNumber, EndingSequenceNumber string }
		}
	}
}

type fetched struct {
	Records []struct {
		EventName, EventID string
		UserIdentity       struct{ Type, PrincipalId string }
		Dynamodb           struct {
			SequenceNumber string
			Keys           struct{ P struct{ S string } }
		}
	}
	NextShardIterator string
}

func streamARN(t testing.TB, e *Engine) string {
	t.Helper()
	return call[struct{ Streams []struct{ StreamArn string } }](t, e, "ListStreams", `{"TableName":"Music"}`).Streams[0].StreamArn
}

func describeStream(t testing.TB, e *Engine) described {
	t.Helper()
	return call[described](t, e, "DescribeStream", `{"StreamArn":"`+streamARN(t, e)+`"}`)
}

// shardIterator asks for an iterator of a shard.
func shardIterator(t testing.TB, e *Engine, shard, kind string) string {
	t.Helper()
	return call[struct{ ShardIterator string }](t, e, "GetShardIterator",
		fmt.Sprintf(`{"StreamArn":%q,"ShardId":%q,"ShardIteratorType":%q}`, streamARN(t, e), shard, kind)).ShardIterator
}

// iteratorAt asks for an iterator of the first shard.
func iteratorAt(t testing.TB, e *Engine, kind string) string {
	t.Helper()
	return shardIterator(t, e, describeStream(t, e).StreamDescription.Shards[0].ShardId, kind)
}

func records(t testing.TB, e *Engine, iterator string) fetched {
	t.Helper()
	return call[fetched](t, e, "GetRecords", `{"ShardIterator":"`+iterator+`"}`)
}

func putMusic(t testing.TB, e *Engine, partition string, sort int) {
	t.Helper()
	do(t, e, "PutItem", fmt.Sprintf(`{"TableName":"Music","Item":{"p":{"S":%q},"s":{"N":"%d"}}}`, partition, sort))
}

func TestAPartitionStaysInItsShardInOrder(t *testing.T) {
	e := newEngine(t, Options{StreamShards: 3, TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	for i := range 300 {
		putMusic(t, e, fmt.Sprintf("p%d", i%20), i)
	}
	home := map[string]string{}
	total := 0
	for _, shard := range describeStream(t, e).StreamDescription.Shards {
		last, n := "", 0
		for _, r := range records(t, e, shardIterator(t, e, shard.ShardId, "TRIM_HORIZON")).Records {
			p := r.Dynamodb.Keys.P.S
			if home[p] != "" && home[p] != shard.ShardId {
				t.Errorf("%s is in shards %s and %s", p, home[p], shard.ShardId)
			}
			if home[p] = shard.ShardId; r.Dynamodb.SequenceNumber <= last {
				t.Errorf("%s after %s", r.Dynamodb.SequenceNumber, last)
			}
			last = r.Dynamodb.SequenceNumber
			n++
		}
		if n == 0 {
			t.Errorf("shard %s has no record", shard.ShardId)
		}
		total += n
	}
	if total != 300 {
		t.Errorf("%d records, want 300", total)
	}
}

func TestASplitShardEndsAndHasChildren(t *testing.T) {
	e := newEngine(t, Options{TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	for i := range 10 {
		putMusic(t, e, fmt.Sprintf("p%d", i), 1)
	}
	parent := describeStream(t, e).StreamDescription.Shards[0].ShardId
	begin := iteratorAt(t, e, "TRIM_HORIZON")
	changed := e.StreamChanged(streamARN(t, e))
	children, err := e.SplitShard(streamARN(t, e), parent)
	if err != nil {
		t.Fatal(err)
	}
	<-changed
	for i := range 10 {
		putMusic(t, e, fmt.Sprintf("p%d", i), 2)
	}
	if got := records(t, e, begin); len(got.Records) != 10 || got.NextShardIterator != "" {
		t.Errorf("the parent has %d records and next iterator %q, want 10 and none", len(got.Records), got.NextShardIterator)
	}
	n := 0
	for _, shard := range describeStream(t, e).StreamDescription.Shards {
		ended := shard.SequenceNumberRange.EndingSequenceNumber != ""
		if ended != (shard.ShardId == parent) || !ended && shard.ParentShardId != parent {
			t.Errorf("shard %+v", shard)
		}
		if slices.Contains(children[:], shard.ShardId) {
			n += len(records(t, e, shardIterator(t, e, shard.ShardId, "TRIM_HORIZON")).Records)
		}
	}
	if n != 10 {
		t.Errorf("the children have %d records, want 10", n)
	}
	filtered := call[described](t, e, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q,"ShardFilter":{"Type":"CHILD_SHARDS","ShardId":%q}}`, streamARN(t, e), parent))
	if len(filtered.StreamDescription.Shards) != 2 {
		t.Errorf("children by filter: %+v", filtered)
	}
	if _, err := e.SplitShard(streamARN(t, e), parent); err == nil {
		t.Error("a closed shard was split again")
	}
}

func TestShardsAreListedInPages(t *testing.T) {
	e := newEngine(t, Options{StreamShards: 5, TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	seen, start := map[string]bool{}, ""
	for pages := 1; pages <= 3; pages++ {
		page := call[struct {
			StreamDescription struct {
				Shards               []struct{ ShardId string }
				LastEvaluatedShardId string
			}
		}](t, e, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q,"Limit":2%s}`, streamARN(t, e), start)).StreamDescription
		for _, shard := range page.Shards {
			seen[shard.ShardId] = true
		}
		if (page.LastEvaluatedShardId == "") != (pages == 3) {
			t.Errorf("page %d ends with %q", pages, page.LastEvaluatedShardId)
		}
		start = `,"ExclusiveStartShardId":"` + page.LastEvaluatedShardId + `"`
	}
	if len(seen) != 5 {
		t.Errorf("%d shards, want 5", len(seen))
	}
}

func TestOldRecordsAreTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{TTLInterval: -1})
		do(t, e, "CreateTable", createMusic)
		putMusic(t, e, "old", 1)
		begin := iteratorAt(t, e, "TRIM_HORIZON")
		number := records(t, e, begin).Records[0].Dynamodb.SequenceNumber
		time.Sleep(streamLife)
		putMusic(t, e, "new", 1)
		time.Sleep(time.Minute)
		got := records(t, e, iteratorAt(t, e, "TRIM_HORIZON"))
		if len(got.Records) != 1 || got.Records[0].Dynamodb.Keys.P.S != "new" {
			t.Errorf("the horizon is at %+v", got.Records)
		}
		refused(t, e, "GetShardIterator", fmt.Sprintf(`{"StreamArn":%q,"ShardId":%q,"ShardIteratorType":"AT_SEQUENCE_NUMBER","SequenceNumber":%q}`,
			streamARN(t, e), describeStream(t, e).StreamDescription.Shards[0].ShardId, number), "TrimmedDataAccessException")
		refused(t, e, "GetRecords", `{"ShardIterator":"`+begin+`"}`, "ExpiredIteratorException")
	})
}

func TestAStreamHasABound(t *testing.T) {
	e := newEngine(t, Options{StreamBytes: 1000, TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	begin := iteratorAt(t, e, "TRIM_HORIZON")
	for i := range 100 {
		putMusic(t, e, strings.Repeat("p", 20), i)
	}
	refused(t, e, "GetRecords", `{"ShardIterator":"`+begin+`"}`, "TrimmedDataAccessException")
	left := records(t, e, iteratorAt(t, e, "TRIM_HORIZON")).Records
	if len(left) < 10 || len(left) > 25 {
		t.Errorf("%d records of about 48 bytes are left in 1,000", len(left))
	}
	if got, want := left[len(left)-1].Dynamodb.SequenceNumber, sequenceText(e.sequence.Load()); got != want {
		t.Errorf("the newest is %s, want %s", got, want)
	}
}

func TestADisabledStreamGoesAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{TTLInterval: -1})
		do(t, e, "CreateTable", createMusic)
		arn := streamARN(t, e)
		do(t, e, "DeleteTable", `{"TableName":"Music"}`)
		if got := call[described](t, e, "DescribeStream", `{"StreamArn":"`+arn+`"}`); got.StreamDescription.StreamStatus != "DISABLED" {
			t.Errorf("the stream of a deleted table is %+v", got)
		}
		time.Sleep(streamLife + time.Second)
		refused(t, e, "DescribeStream", `{"StreamArn":"`+arn+`"}`, "ResourceNotFoundException")
		if _, open := <-e.StreamChanged(arn); open {
			t.Error("a stream that is gone makes its readers wait")
		}
	})
}

func TestStreamChangedWakesAReader(t *testing.T) {
	e := newEngine(t, Options{TTLInterval: -1})
	do(t, e, "CreateTable", createMusic)
	changed := e.StreamChanged(streamARN(t, e))
	select {
	case <-changed:
		t.Fatal("woken by nothing")
	default:
	}
	putMusic(t, e, "p", 1)
	<-changed
	again := e.StreamChanged(streamARN(t, e))
	putMusic(t, e, "p", 1) // changes nothing
	select {
	case <-again:
		t.Error("woken by a write that changes nothing")
	default:
	}
}

func TestExpiredItemsAreRemovedByTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{})
		do(t, e, "CreateTable", createMusic)
		now := time.Now().Unix()
		expiring := func(partition, value string) {
			do(t, e, "PutItem", fmt.Sprintf(`{"TableName":"Music","Item":{"p":{"S":%q},"s":{"N":"1"},"expires":%s}}`, partition, value))
		}
		expiring("before TTL", fmt.Sprintf(`{"N":"%d.5"}`, now+10))
		do(t, e, "UpdateTimeToLive", `{"TableName":"Music","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires"}}`)
		expiring("soon", fmt.Sprintf(`{"N":"%d"}`, now+10))
		expiring("prolonged", fmt.Sprintf(`{"N":"%d"}`, now+10))
		expiring("prolonged", fmt.Sprintf(`{"N":"%d"}`, now+1000))
		expiring("a text", fmt.Sprintf(`{"S":"%d"}`, now+10))
		expiring("long ago", fmt.Sprintf(`{"N":"%d"}`, now-6*365*24*3600))
		expiring("zero", `{"N":"0"}`)
		latest := iteratorAt(t, e, "LATEST")
		time.Sleep(9 * time.Second)
		if got := records(t, e, latest).Records; len(got) != 0 {
			t.Errorf("removed too early: %+v", got)
		}
		time.Sleep(5 * time.Second)
		var gone []string
		for _, r := range records(t, e, latest).Records {
			gone = append(gone, r.EventName+" "+r.Dynamodb.Keys.P.S+" by "+r.UserIdentity.Type+" "+r.UserIdentity.PrincipalId)
		}
		slices.Sort(gone)
		want := []string{"REMOVE before TTL by Service dynamodb.amazonaws.com", "REMOVE soon by Service dynamodb.amazonaws.com"}
		if !slices.Equal(gone, want) {
			t.Errorf("removed %q, want %q", gone, want)
		}
		e.Close() // within the bubble, where its goroutine lives
	})
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	e := newEngine(t, Options{StreamShards: 2})
	do(t, e, "CreateTable", createMusic)
	const writers, each = 8, 50
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				do(t, e, "UpdateItem", fmt.Sprintf(`{"TableName":"Music","Key":{"p":{"S":"p%d"},"s":{"N":"1"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`, i%5))
				do(t, e, "TransactWriteItems", `{"TransactItems":[{"Update":{"TableName":"Music","Key":{"p":{"S":"t"},"s":{"N":"1"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}`)
				do(t, e, "Scan", `{"TableName":"Music"}`)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, it := range call[struct {
		Items []struct {
			N struct {
				N int `json:",string"`
			}
		}
	}](t, e, "Scan", `{"TableName":"Music"}`).Items {
		sum += it.N.N
	}
	n := 0
	for _, shard := range describeStream(t, e).StreamDescription.Shards {
		n += len(records(t, e, shardIterator(t, e, shard.ShardId, "TRIM_HORIZON")).Records)
	}
	if want := 2 * writers * each; sum != want || n != want {
		t.Errorf("counted %d in the table and %d in the stream, want %d", sum, n, want)
	}
}

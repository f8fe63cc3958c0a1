package channeldb

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/table"
)

// losing is a client to which the answer of one write is lost, after which something else may happen.
type losing struct {
	aws.HTTPClient
	left atomic.Int64 // writes until then
	then func()
}

func (l *losing) Do(r *http.Request) (*http.Response, error) {
	answer, err := l.HTTPClient.Do(r)
	write := !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem") && !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query")
	if err != nil || !write || l.left.Add(-1) != 0 {
		return answer, err
	}
	_ = answer.Body.Close()
	if l.then != nil {
		l.then()
	}
	return nil, errors.New("connection reset by peer")
}

func newLosing(t *testing.T) (*world, *losing) {
	cfg, endpoint := database(t)
	l := &losing{HTTPClient: cfg.HTTPClient}
	cfg.HTTPClient = l
	return newWorldAt(t, cfg, endpoint), l
}

// TestWhatIsDoneIsReportedThoughItsAnswerIsLost has a channel occupied and vacated, and a member announced and
// gone, with the answer of each write lost in turn.
func TestWhatIsDoneIsReportedThoughItsAnswerIsLost(t *testing.T) {
	w, l := newLosing(t)
	ctx := t.Context()
	for n := int64(1); ; n++ {
		s := pusher.Session{Session: w.opened(t, "A1=")}
		l.left.Store(n)
		occupied, err := w.Subscribe(ctx, s, "presence-x", pusher.Subscriber{User: "7"}, at(s.Session, 1))
		announced, announcing := w.Announce(ctx, "4072", "presence-x", "7")
		again, againErr := w.Announce(ctx, "4072", "presence-x", "7")
		_, leaving := w.Unsubscribe(ctx, s, "presence-x", at(s.Session, 2))
		departed, departing := w.Depart(ctx, "4072", "presence-x", "7")
		vacated, vacating := w.Vacate(ctx, "4072", "presence-x")
		if err := errors.Join(err, announcing, againErr, leaving, departing, vacating); err != nil {
			t.Fatalf("the answer of write %d is lost: %v", n, err)
		}
		if !occupied || !announced || again || !departed || !vacated {
			t.Errorf("the answer of write %d is lost: occupied %v, announced %v and again %v, departed %v, vacated %v", n, occupied, announced, again, departed, vacated)
		}
		w.nothingStands(t)
		if l.left.Load() > 0 {
			if n < 8 {
				t.Errorf("there are only %d writes", n-1)
			}
			break
		}
	}
}

func (w *world) nothingStands(t *testing.T) {
	t.Helper()
	names, err := w.Occupied(t.Context(), "4072", "", "", 10)
	known, knowing := w.Known(t.Context(), "4072", "presence-x", "7")
	if err := errors.Join(err, knowing); err != nil || len(names) > 0 || known {
		t.Errorf("occupied %q, known %v, %v", names, known, err)
	}
}

// Somebody comes while the answer to a row's fall is on its way: both are reported.
func TestARowThatIsMadeOfAFallenOneTellsThatItFell(t *testing.T) {
	w, l := newLosing(t)
	ctx := t.Context()
	if first, err := w.occupy(ctx, "4072", "x"); err != nil || !first {
		t.Fatal(first, err)
	}
	var came bool
	var coming error
	l.then = func() { came, coming = w.occupy(context.WithoutCancel(ctx), "4072", "x") }
	l.left.Store(2) // it is marked, and falls
	if vacated, err := w.Vacate(ctx, "4072", "x"); err != nil || !vacated || !came || coming != nil {
		t.Errorf("vacated %v, %v; occupied again %v, %v", vacated, err, came, coming)
	}
	if names, err := w.Occupied(ctx, "4072", "", "", 10); err != nil || len(names) != 1 {
		t.Errorf("occupied: %q, %v", names, err)
	}
}

// A row that has fallen, and could not be deleted, stands for nobody.
func TestARowThatHasFallenAndIsThereStandsForNobody(t *testing.T) {
	for name, over := range map[string]bool{"fallen": false, "over": true} {
		t.Run(name, func(t *testing.T) {
			w, ctx := newWorld(t), t.Context()
			row := map[string]types.AttributeValue{"o": &types.AttributeValueMemberN{Value: "1"}, "t": text("other"), "v": text("m"), "d": text("m"),
				"w":         &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().UnixMilli(), 10)},
				"expiresAt": &types.AttributeValueMemberN{Value: epoch(time.Now().Add(time.Hour)).Text}}
			if over {
				delete(row, "v")
				delete(row, "d")
				delete(row, "w")
				row["expiresAt"] = &types.AttributeValueMemberN{Value: epoch(time.Now().Add(-time.Hour)).Text}
			}
			for _, key := range [][2]string{{occupiedKey("4072", "presence-x").Get("pk").Text, "presence-x"}, {"member#4072#presence-x", "7"}} {
				row["pk"], row["sk"] = text(key[0]), text(key[1])
				if _, err := w.sdk.PutItem(ctx, &dynamodb.PutItemInput{TableName: &w.connections, Item: row}); err != nil {
					t.Fatal(err)
				}
			}
			w.nothingStands(t)
			if vacated, err := w.Vacate(ctx, "4072", "presence-x"); err != nil || vacated != over {
				t.Errorf("vacated %v, %v", vacated, err)
			}
			for _, want := range []bool{true, false} {
				if first, err := w.Announce(ctx, "4072", "presence-x", "7"); err != nil || first != want {
					t.Errorf("announced %v, %v; want %v", first, err, want)
				}
				if first, err := w.occupy(ctx, "4072", "presence-x"); err != nil || first != want {
					t.Errorf("occupied %v, %v; want %v", first, err, want)
				}
			}
		})
	}
}

// Who had it fall died before it told of that: what it was asked comes again, and is told then, once.
func TestAFallThatNobodyToldOfIsToldByTheNext(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	fell := time.Now()
	for since, want := range map[time.Duration]bool{29 * time.Second: false, 31 * time.Second: true} {
		row := map[string]types.AttributeValue{"o": &types.AttributeValueMemberN{Value: "1"}, "t": text("other"), "v": text("m"), "d": text("m"),
			"w": &types.AttributeValueMemberN{Value: strconv.FormatInt(fell.UnixMilli(), 10)}, "expiresAt": &types.AttributeValueMemberN{Value: epoch(fell.Add(time.Hour)).Text},
			"pk": text(occupiedKey("4072", "x").Get("pk").Text), "sk": text("x")}
		if _, err := w.sdk.PutItem(ctx, &dynamodb.PutItemInput{TableName: &w.connections, Item: row}); err != nil {
			t.Fatal(err)
		}
		w.Channels.now = func() time.Time { return fell.Add(since) }
		for _, want := range []bool{want, false} {
			if vacated, err := w.Vacate(ctx, "4072", "x"); err != nil || vacated != want {
				t.Errorf("%v after the fall: vacated %v, %v", since, vacated, err)
			}
		}
	}
}

// The answer of who tells it instead is lost too.
func TestAFallThatTheNextTellsOfIsToldThoughItsAnswerIsLost(t *testing.T) {
	w, l := newLosing(t)
	ctx := t.Context()
	if _, err := w.occupy(ctx, "4072", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Channels.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key": occupiedKey("4072", "x"), "UpdateExpression": "SET v = :mark, d = :mark, w = :fell",
		"ExpressionAttributeValues": table.Item{{":mark", table.Text("m")}, {":fell", table.Number(time.Now().Add(-time.Minute).UnixMilli())}},
	}); err != nil {
		t.Fatal(err)
	}
	l.left.Store(2) // the mark is refused, and then
	if vacated, err := w.Vacate(ctx, "4072", "x"); err != nil || !vacated {
		t.Errorf("vacated %v, %v", vacated, err)
	}
	if vacated, err := w.Vacate(ctx, "4072", "x"); err != nil || vacated {
		t.Errorf("and again: vacated %v, %v", vacated, err)
	}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

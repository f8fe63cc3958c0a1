package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

var errBroken = errors.New("table is on fire")

// inTime runs a test in synctest's time.
func inTime(t *testing.T, test func(*testing.T, *world, *history.Writer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		test(t, w, history.NewWriter(w.log, history.WriterConfig{}))
	})
}

func TestTheFramesOfAReplay(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		id := w.fresh(t)
		e := w.append(t, writer, "2", 2)
		r := w.from(id)
		r.Gap = history.GapTooOld
		if err := w.run(r); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"stream":["user"],"event":"edgestream.gap","payload":"{\"reason\":\"too_old\"}","id":"` + id + `"}`,
			`{"stream":["user"],"event":"edgestream.position","payload":"` + id + `","id":"` + id + `"}`,
			`{"stream":["user"],"event":"update","payload":"2.1","id":"` + bound.EventID(e[0], 0) + `"}`,
			`{"stream":["user"],"event":"update","payload":"2.2","id":"` + bound.EventID(e[1], 0) + `"}`,
		}
		if !slices.Equal(w.frames, want) || w.turn != 0 || len(w.next) > 0 {
			t.Errorf("turn %d, next %v, frames\n%s\nwant\n%s", w.turn, w.next, strings.Join(w.frames, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestOnlyWhatTheListenerHearsIsPosted(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		id, mine := w.fresh(t), stream.AccountTopic("1")
		say := func(to stream.Name, event string, part int) stream.Message {
			return stream.Message{Topic: mine, Streams: []stream.Name{to}, Event: event, Payload: []byte(event), Part: part}
		}
		entries := []history.Entry{
			w.entry("2", 1, say(stream.User, "first", 0), say(stream.UserNotification, "second of its part", 0), say(stream.User, "hidden", 1), say(stream.User, "third", 2)),
			w.entry("2", 2, say(stream.Direct, "of another stream", 0)),
			w.entry("2", 3, say(stream.User, "_close", 0)),
			w.entry("2", 4, say(stream.UserNotification, "notification", 0)),
		}
		everyone := say(stream.User, "announcement", 0)
		everyone.Topic = stream.EveryoneTopic()
		entries = append(entries, w.entry("3", 5, everyone))
		if _, errs := writer.Append(t.Context(), entries); errors.Join(errs...) != nil {
			t.Fatal(errs)
		}
		w.hidden = func(m stream.Message) bool { return m.Event == "hidden" }
		w.finish(t, w.from(id))
		got := once(w.received(t))
		slices.Sort(got)
		if strings.Join(got, ",") != "announcement,first,notification,third" {
			t.Errorf("posted %v", got)
		}
	})
}

func TestAContinuationIsNotBegunAgain(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		r := w.from(w.fresh(t))
		r.Begun, r.Gap = true, history.GapTooOld
		w.append(t, writer, "2", 1)
		w.finish(t, r)
		if all := w.received(t); len(all) != 1 || all[0].Payload != "2.1" {
			t.Errorf("%+v", all)
		}
	})
}

func TestASubscriptionThatHasEndedOrIsLiveIsLeftAlone(t *testing.T) {
	for name, end := range map[string]func(*world){
		"Ended":   func(w *world) { w.gone = true },
		"Live":    func(w *world) { w.turn = 0 },
		"Expired": func(w *world) { w.listener.Until = time.Now() },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
				id := w.fresh(t)
				w.append(t, writer, "2", 3)
				end(w)
				if w.finish(t, w.from(id)); len(w.frames) > 0 || w.forgotten || w.closed {
					t.Errorf("posted %v", w.frames)
				}
			})
		})
	}
}

// slowly has every post take the time.
func (w *world) slowly(d time.Duration) {
	w.step = func(call string) error {
		if call == "post" {
			time.Sleep(d)
		}
		return nil
	}
}

func TestWhoUnsubscribesInTheMiddleIsNotSentTheRest(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		id := w.fresh(t)
		w.append(t, writer, "2", 2000)
		w.slowly(10 * time.Millisecond)
		time.AfterFunc(5*time.Second, func() { w.mu.Lock(); w.gone = true; w.mu.Unlock() })
		start := time.Now()
		w.finish(t, w.from(id))
		if took := time.Since(start); took > 8*time.Second || len(w.frames) < 400 {
			t.Errorf("%d frames in %v", len(w.frames), took)
		}
	})
}

func TestNothingIsDeliveredOnceTheTokenHasRunOut(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		id := w.fresh(t)
		w.append(t, writer, "2", 2000)
		w.slowly(10 * time.Millisecond)
		w.listener.Until = time.Now().Add(time.Second)
		w.finish(t, w.from(id))
		if time.Now().After(w.listener.Until.Add(10*time.Millisecond)) || len(w.frames) < 50 || len(w.frames) > 100 {
			t.Errorf("%d frames", len(w.frames))
		}
	})
}

func TestTenThousandEventsComeOnceAndInOrder(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		w.log.Page = 700
		id := w.fresh(t)
		w.append(t, writer, "2", 10_000)
		w.slowly(10 * time.Millisecond)
		runs := w.finish(t, w.from(id))
		all := w.received(t)
		if len(all) != 10_001 || runs < 2 || runs > 4 {
			t.Fatalf("%d frames in %d runs", len(all), runs)
		}
		for i, f := range all[1:] {
			if f.Payload != fmt.Sprint("2.", i+1) {
				t.Fatalf("frame %d is %s", i+1, f.Payload)
			}
		}
	})
}

func TestAFrameThatIsTooLargeIsLeftOut(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		id := w.fresh(t)
		w.append(t, writer, "2", 3)
		w.posting = func(frame string) error {
			if strings.Contains(frame, `"2.2"`) {
				return stream.ErrTooLarge
			}
			return nil
		}
		w.finish(t, w.from(id))
		if got := strings.Join(once(w.received(t)), ","); got != "2.1,2.3" || w.turn != 0 {
			t.Errorf("posted %s", got)
		}
	})
}

func TestAConnectionThatIsGoneIsForgottenUnlessItMayStillOpen(t *testing.T) {
	for name, test := range map[string]struct {
		age, opens time.Duration
		forgotten  bool
	}{
		"Old":         {time.Hour, 2 * time.Second, true},
		"Young":       {time.Second, 2 * time.Second, false},
		"NeverOpened": {time.Second, time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
				opens := time.Now().Add(test.opens)
				w.listener.ConnectedAt = time.Now().Add(-test.age)
				w.posting = func(string) error {
					if time.Now().Before(opens) {
						return stream.ErrGone
					}
					return nil
				}
				id := w.fresh(t)
				w.append(t, writer, "2", 2)
				start := time.Now()
				w.finish(t, w.from(id))
				if w.forgotten != test.forgotten || test.forgotten == (len(w.frames) > 0) {
					t.Errorf("forgotten: %v, %d frames", w.forgotten, len(w.frames))
				}
				if took := time.Since(start); took > 6*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestAClientThatTakesNothingIsDisconnected(t *testing.T) {
	for _, err := range []error{stream.ErrThrottled, stream.ErrUnavailable} {
		inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
			w.posting = func(frame string) error {
				if strings.Contains(frame, `"2.2"`) {
					return err
				}
				return nil
			}
			id := w.fresh(t)
			w.append(t, writer, "2", 3)
			if w.finish(t, w.from(id)); !w.closed || w.turn == 0 {
				t.Errorf("closed: %v, turn %d", w.closed, w.turn)
			}
			if got := strings.Join(once(w.received(t)), ","); got != "2.1" {
				t.Errorf("posted %s", got)
			}
		})
	}
}

func TestAClientThatIsSlowOnceGetsEverything(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		until := time.Now().Add(8 * time.Second)
		w.posting = func(string) error {
			if time.Now().Before(until) {
				return stream.ErrThrottled
			}
			return nil
		}
		id := w.fresh(t)
		w.append(t, writer, "2", 3)
		if w.finish(t, w.from(id)); w.closed || len(w.frames) != 4 {
			t.Errorf("closed: %v, %d frames", w.closed, len(w.frames))
		}
	})
}

func TestWhatFailsForAWhileIsTriedAgain(t *testing.T) {
	for _, call := range []string{"replaying", "read", "render", "caught up", "post"} {
		t.Run(call, func(t *testing.T) {
			inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
				id := w.fresh(t)
				w.append(t, writer, "2", 3)
				until := time.Now().Add(5 * time.Second)
				w.step = func(called string) error {
					if called == call && time.Now().Before(until) {
						return fmt.Errorf("%w: %w", stream.ErrUnavailable, errBroken)
					}
					return nil
				}
				w.finish(t, w.from(id))
				if got := strings.Join(once(w.received(t)), ","); got != "2.1,2.2,2.3" || w.turn != 0 {
					t.Errorf("posted %s, turn %d", got, w.turn)
				}
			})
		})
	}
}

func TestWhatFailsUntilTimeIsUpFailsTheInvocation(t *testing.T) {
	for _, call := range []string{"replaying", "read", "render", "caught up"} {
		t.Run(call, func(t *testing.T) {
			inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
				r := w.from(w.fresh(t))
				w.append(t, writer, "2", 1)
				w.step = func(called string) error {
					if called == call {
						return errBroken
					}
					return nil
				}
				start := time.Now()
				if err := w.run(r); !errors.Is(err, errBroken) || len(w.next) > 0 || w.closed {
					t.Errorf("%v, next %v, closed %v", err, w.next, w.closed)
				}
				if took := time.Since(start); took > 50*time.Second || took < 40*time.Second {
					t.Errorf("took %v", took)
				}
				w.step = nil
				w.finish(t, r)
				if got := strings.Join(once(w.received(t)), ","); got != "2.1" || w.turn != 0 {
					t.Errorf("then posted %s", got)
				}
			})
		})
	}
}

func TestAClientThatHasWaitedForTooLongIsDisconnected(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, _ *history.Writer) {
		r := w.from(w.fresh(t))
		w.step = func(called string) error {
			if called == "read" {
				return errBroken
			}
			return nil
		}
		time.Sleep(4 * time.Minute)
		if err := w.run(r); err != nil || !w.closed {
			t.Errorf("%v, closed: %v", err, w.closed)
		}
	})
}

func TestATransportThatCannotEvenDisconnectFailsTheInvocation(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, _ *history.Writer) {
		r := w.from(w.fresh(t))
		w.step = func(called string) error {
			if called == "post" || called == "disconnect" {
				return stream.ErrUnavailable
			}
			return nil
		}
		for range 2 {
			if err := w.run(r); !errors.Is(err, stream.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			time.Sleep(4 * time.Minute)
		}
	})
}

func TestAContinuationThatCannotBeInvokedFailsTheInvocation(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		r := w.from(w.fresh(t))
		w.append(t, writer, "2", 200)
		w.step = func(called string) error {
			time.Sleep(time.Second)
			if called == "again" {
				return errBroken
			}
			return nil
		}
		if err := w.run(r); !errors.Is(err, errBroken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnIDThatIsNoneOfTheSubscriptionIsAnError(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, _ *history.Writer) {
		for _, id := range []string{"", "garbage", history.Bound{Subscription: user, Account: "2"}.PositionID(history.Position{After: time.Now()})} {
			if err := w.run(w.from(id)); !errors.Is(err, history.ErrUnknownPosition) || len(w.frames) > 0 {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

func TestEveryInvocationEndsBeforeItsTime(t *testing.T) {
	for _, call := range []string{"replaying", "read", "render", "caught up", "post"} {
		t.Run(call, func(t *testing.T) {
			inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
				r := w.from(w.fresh(t))
				w.append(t, writer, "2", 500)
				w.step = func(called string) error {
					if called == call {
						time.Sleep(500 * time.Millisecond)
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := w.replayer().Run(ctx, r); err != nil || ctx.Err() != nil {
					t.Errorf("%v, %v", err, ctx.Err())
				}
			})
		})
	}
}

func TestAnInvocationWithLittleTimeGetsOn(t *testing.T) {
	inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
		r := w.from(w.fresh(t))
		w.append(t, writer, "2", 30)
		w.slowly(200 * time.Millisecond)
		runs := 0
		for w.next = []stream.Replay{r}; len(w.next) > 0 && runs < 20; runs++ {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			r, w.next = w.next[0], nil
			if err := w.replayer().Run(ctx, r); err != nil {
				t.Error(err)
			}
			cancel()
		}
		if len(w.frames) != 31 || runs > 6 {
			t.Errorf("%d frames in %d runs", len(w.frames), runs)
		}
	})
}

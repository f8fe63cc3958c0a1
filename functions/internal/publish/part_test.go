package publish

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

func TestAPartIsReadBack(t *testing.T) {
	text := "{\"a\":\"\u2028<&>\"}"
	p := Part{Segment: "topic#public#3", Slice: 15, Event: "e", Owner: "o", Sequence: "12", At: time.UnixMilli(4102444800000).UTC(),
		Said: []Said{{Topics: []string{"public", "hashtag/x"}, Streams: []stream.Name{stream.Public}, Event: "update", Payload: &text, Part: 2, Exact: true},
			{Topics: []string{"channel/4072/x"}, Streams: []stream.Name{stream.Channel}, Event: "e", Except: "1.2", User: "u"}},
		Entry: &Entry{At: time.UnixMicro(4102444800000001).UTC(), Writer: "AAAAAAAA", N: 7}}
	read, err := ParsePart(p.JSON())
	if err != nil || !bytes.Equal(read.JSON(), p.JSON()) || *read.Said[0].Payload != text || read.Said[1].Payload != nil {
		t.Errorf("%s became %s, %v", p.JSON(), read.JSON(), err)
	}
	if messages, err := read.messages(); err != nil || len(messages) != 3 || messages[1].Topic != stream.HashtagTopic("x") || string(messages[1].Payload) != text {
		t.Errorf("%v, %v", messages, err)
	}
}

func TestWhatNobodyCanDeliverIsNoPart(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": `poison`, "no segment": `{"slice":1,"event":"e","said":[{"topics":["public"]}]}`,
		"another slice": `{"segment":"s","slice":16,"event":"e","said":[{"topics":["public"]}]}`, "nothing said": `{"segment":"s","event":"e"}`,
		"to nobody": `{"segment":"s","event":"e","said":[{}]}`, "an unknown topic": `{"segment":"s","event":"e","said":[{"topics":["public","nonsense"]}]}`,
	} {
		if p, err := ParsePart([]byte(text)); !errors.Is(err, ErrPart) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if _, err := ParsePart([]byte(`{"segment":"s","event":"e","said":[{"topics":["public"]}]}`)); err != nil {
		t.Error(err)
	}
}

func FuzzParsePart(f *testing.F) {
	text := "1"
	f.Add(Part{Segment: "s", Event: "e", Said: []Said{{Topics: []string{"public"}, Payload: &text}}}.JSON())
	f.Add([]byte(`{"segment":"s","slice":16,"event":"e","said":[{}]}`))
	f.Add([]byte(`{"segment":"s","event":"e","said":[{"topics":["nonsense"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePart(text)
		if err != nil {
			if !errors.Is(err, ErrPart) {
				t.Error(err)
			}
			return
		}
		if _, err := p.messages(); err != nil && !errors.Is(err, ErrPart) {
			t.Error(err)
		}
		if again, err := ParsePart(p.JSON()); err != nil || !bytes.Equal(again.JSON(), p.JSON()) {
			t.Errorf("%s became %s, %v", p.JSON(), again.JSON(), err)
		}
	})
}

package dynamo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

func TestMembersAreDecoded(t *testing.T) {
	members := `,"members":{"M":{"7":{"M":{"i":{"S":"{\"name\":\"x\"}"},"c":{"M":{"1769900000123#PJq=#":{"N":"1769900000456"}}}}},"8":{"M":{"c":{"M":{}}}},"9":{"M":{}}}}`
	want := map[string]stream.Member{
		"7": {Info: `{"name":"x"}`, Connections: map[stream.Connection]time.Time{
			{ID: "PJq=#", ConnectedAt: time.UnixMilli(1769900000123).UTC()}: time.UnixMilli(1769900000456).UTC()}},
		"8": {Connections: map[stream.Connection]time.Time{}},
		"9": {},
	}
	for _, kind := range []string{stream.KindRoster, stream.KindUser} {
		c := Change(inserted(`,"kind":{"S":"` + kind + `"}` + members))
		if c.Problem != nil {
			t.Fatal(c.Problem)
		}
		if diff := cmp.Diff(want, c.New.Members); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAnApplicationsOwnAttributesAreLeftAlone(t *testing.T) {
	c := Change(inserted(`,"kind":{"S":"status"},"members":{"S":"many"},"app":{"BOOL":true}`))
	if c.Problem != nil || c.New.Members != nil || c.New.App != "" {
		t.Errorf("%+v", c)
	}
}

func TestMembersThatDoNotFitAreNamed(t *testing.T) {
	for members, want := range map[string]string{
		`{"L":[]}`:                                          "is L, not M",
		`{"M":{"7":{"S":"x"}}}`:                             `element "7": is S, not M`,
		`{"M":{"7":{"M":{"i":{"N":"1"}}}}}`:                 `element "7": attribute i is N, not S`,
		`{"M":{"7":{"M":{"c":{"L":[]}}}}}`:                  `element "7": attribute c is L, not M`,
		`{"M":{"7":{"M":{"c":{"M":{"1":{"N":"1"}}}}}}}`:     `element "7": attribute c has "1", which is no connection with its time`,
		`{"M":{"7":{"M":{"c":{"M":{"1#x":{"S":"1"}}}}}}}`:   `element "7": attribute c has "1#x", which is no connection`,
		`{"M":{"7":{"M":{"c":{"M":{"1#x":{"N":"1.5"}}}}}}}`: `element "7": attribute c has "1#x", which is no connection`,
	} {
		c := Change(inserted(`,"kind":{"S":"_roster"},"members":` + members))
		if c.Problem == nil || !strings.HasPrefix(c.Problem.Error(), "new image: attribute members "+want) {
			t.Errorf("%s: %v", members, c.Problem)
		}
	}
}

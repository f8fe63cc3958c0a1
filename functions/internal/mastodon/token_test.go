package mastodon

import (
	"errors"
	"strings"
	"testing"

	"edgestream/functions/internal/stream"
)

func TestTheTokenIsFoundWhereClientsPutIt(t *testing.T) {
	for name, c := range map[string]struct {
		Credentials
		token string
	}{
		"Authorization":                     {Credentials{Authorization: "Bearer abc"}, "abc"},
		"AuthorizationWithoutBearer":        {Credentials{Authorization: "abc"}, "abc"},
		"BearerIsCaseSensitive":             {Credentials{Authorization: "bearer abc"}, "bearer abc"},
		"BearerIsStrippedOnce":              {Credentials{Authorization: "Bearer Bearer abc"}, "Bearer abc"},
		"BearerAndNothing":                  {Credentials{Authorization: "Bearer "}, ""},
		"Query":                             {Credentials{AccessToken: "abc"}, "abc"},
		"BearerIsNotStrippedInTheQuery":     {Credentials{AccessToken: "Bearer abc"}, "Bearer abc"},
		"Subprotocol":                       {Credentials{Protocols: "abc"}, "abc"},
		"TheFirstSubprotocol":               {Credentials{Protocols: " abc , mqtt"}, "abc"},
		"BearerIsNotStrippedInASubprotocol": {Credentials{Protocols: "Bearer abc"}, "Bearer abc"},
		"AuthorizationBeforeTheRest":        {Credentials{"Bearer a", "b", "c"}, "a"},
		"QueryBeforeTheSubprotocol":         {Credentials{"", "b", "c"}, "b"},
		"OddBytes":                          {Credentials{Authorization: "Bearer \x00\xff é"}, "\x00\xff é"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := c.Token(); err != nil || got != c.token {
				t.Errorf("got %q %v, want %q", got, err, c.token)
			}
		})
	}
	for _, c := range []Credentials{{}, {Protocols: " , abc"}} {
		if got, err := c.Token(); !errors.Is(err, stream.ErrMissingToken) {
			t.Errorf("%+v: %q %v, want ErrMissingToken", c, got, err)
		}
	}
}

func TestTheFirstSubprotocolIsEchoedIfItCanStandInAHeader(t *testing.T) {
	for offer, want := range map[string]string{
		"": "", "abc": "abc", "abc, def": "abc", "\tabc ,def": "abc", "a=b": "a=b",
		"a b": "", "a\r\nX: y": "", "é": "", ",abc": "", "a\x00": "",
	} {
		if got := (Credentials{Protocols: offer}).Subprotocol(); got != want {
			t.Errorf("%q: got %q, want %q", offer, got, want)
		}
	}
}

func FuzzATokenIsPartOfWhatWasSent(f *testing.F) {
	f.Add("Bearer abc", "", "")
	f.Add("", "a,b", "a, b")
	f.Add("", "", "\xff ,")
	f.Fuzz(func(t *testing.T, authorization, query, protocols string) {
		c := Credentials{authorization, query, protocols}
		token, err := c.Token()
		if err != nil {
			if authorization != "" || query != "" {
				t.Errorf("%+v: %v", c, err)
			}
			return
		}
		if !strings.Contains(authorization+"\n"+query+"\n"+protocols, token) {
			t.Errorf("%+v: %q", c, token)
		}
		if strings.ContainsAny(c.Subprotocol(), "\r\n, ") {
			t.Errorf("%q would break the header", c.Subprotocol())
		}
	})
}

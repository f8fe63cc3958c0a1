package cloudapp

import (
	"encoding/base64"
	"strings"
	"testing"
)

func FuzzCapabilities(f *testing.F) {
	text, err := Capability{"1", "4072", strings.Repeat("0a", hashSize)}.text("secret")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("AQEB" + strings.Repeat("A", 88))
	f.Add(base64.RawURLEncoding.EncodeToString(append([]byte{1, 255, 255}, make([]byte, 600)...)))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseCapability(text)
		if err != nil {
			return
		}
		again, err := s.claim.text("secret")
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", s.claim, err)
		}
		c, err := s.opened("secret")
		if (again == text) != (err == nil) {
			t.Fatalf("%q opens as %+v, %v, and is written %q", text, c, err, again)
		}
		if _, err := s.opened("another"); err == nil && again == text {
			t.Fatalf("%q opens with another secret", text)
		}
	})
}

func TestCapabilitiesThatCannotBeWritten(t *testing.T) {
	hash := strings.Repeat("0a", hashSize)
	for name, c := range map[string]Capability{
		"no account":       {"", "4072", hash},
		"no app":           {"1", "", hash},
		"a long account":   {strings.Repeat("1", 256), "4072", hash},
		"a long app":       {"1", strings.Repeat("1", 256), hash},
		"no hash":          {"1", "4072", ""},
		"a hash too short": {"1", "4072", hash[2:]},
		"a hash not hex":   {"1", "4072", strings.Repeat("x", 2*hashSize)},
	} {
		if text, err := c.text("secret"); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	longest := Capability{strings.Repeat("1", 255), strings.Repeat("2", 255), hash}
	text, err := longest.text("secret")
	if s, parseErr := parseCapability(text); err != nil || parseErr != nil || s.claim != longest {
		t.Errorf("the longest: %v, %v", err, parseErr)
	}
	if _, err := longest.text(""); err == nil {
		t.Error("signed without a secret")
	}
}

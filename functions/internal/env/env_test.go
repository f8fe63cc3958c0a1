package env_test

import (
	"testing"
	"time"

	"edgestream/functions/internal/env"
)

func from(m map[string]string) *env.Vars {
	return env.From(func(name string) (string, bool) { text, ok := m[name]; return text, ok })
}

func TestValuesAreRead(t *testing.T) {
	v := from(map[string]string{"T": " Connections ", "I": "7", "D": "90s", "F": "true", "E": ""})
	if got := v.Text("T"); got != "Connections" {
		t.Errorf("Text = %q", got)
	}
	if got := v.Int("I"); got != 7 {
		t.Errorf("Int = %d", got)
	}
	if got := v.DurationOr("D", time.Second); got != 90*time.Second {
		t.Errorf("DurationOr = %v", got)
	}
	if !v.Flag("F") || v.Flag("E") || v.Flag("missing") {
		t.Error("Flag misreads")
	}
	if v.TextOr("E", "x") != "x" || v.IntOr("missing", 5) != 5 || v.DurationOr("E", time.Minute) != time.Minute {
		t.Error("a missing or empty variable does not get its default")
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
}

func TestEveryMissingAndMalformedVariableIsNamedInOneError(t *testing.T) {
	v := from(map[string]string{"COUNT": "seven", "WAIT": "-3s", "FLAG": "yes", "EMPTY": "", "NEGATIVE": "-1"})
	v.Text("TABLE")
	v.Text("EMPTY")
	v.Int("LIMIT")
	v.Int("COUNT")
	v.IntOr("NEGATIVE", 3)
	v.DurationOr("WAIT", 0)
	v.Flag("FLAG")
	want := `environment: missing TABLE, EMPTY, LIMIT; COUNT is "seven", not a whole number from 0 up; ` +
		`NEGATIVE is "-1", not a whole number from 0 up; WAIT is "-3s", not a duration such as "90s"; FLAG is "yes", not "true" or "false"`
	if err := v.Err(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestNewReadsTheProcess(t *testing.T) {
	t.Setenv("EDGESTREAM_TEST", "1")
	if got := env.New().Int("EDGESTREAM_TEST"); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestAChoiceIsOneOfThose(t *testing.T) {
	v := from(map[string]string{"SET": "pusher", "EMPTY": "", "WRONG": "Both"})
	if v.OneOf("SET", "both", "pusher") != "pusher" || v.OneOf("EMPTY", "both", "pusher") != "both" || v.OneOf("MISSING", "both", "pusher") != "both" || v.Err() != nil {
		t.Errorf("misread: %v", v.Err())
	}
	v.OneOf("WRONG", "both", "pusher")
	if err := v.Err(); err == nil || err.Error() != `environment: WRONG is "Both", not one of both, pusher` {
		t.Error(err)
	}
}

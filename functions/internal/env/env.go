// Package env reads a function's configuration from environment variables and reports
// everything that is wrong with it in one error, so that a deployment is fixed in one go.
//
//	vars := env.New()
//	table := vars.Text("CONNECTIONS_TABLE")
//	limit := vars.IntOr("MAX_SUBSCRIPTIONS", 100)
//	vars.Require(log)
package env

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Vars reads variables and remembers those that are missing or malformed. It is for one
// goroutine. The zero value is not usable: see New.
type Vars struct {
	lookup  func(string) (string, bool)
	missing []string
	wrong   []string
}

// New reads the environment of the process.
func New() *Vars { return From(os.LookupEnv) }

// From reads from lookup, which has the form of os.LookupEnv.
func From(lookup func(string) (string, bool)) *Vars { return &Vars{lookup: lookup} }

// Text is the variable's value. An empty variable counts as missing.
func (v *Vars) Text(name string) string {
	text, ok := v.value(name)
	if !ok {
		v.missing = append(v.missing, name)
	}
	return text
}

// TextOr is the variable's value, or otherwise if it is missing or empty.
func (v *Vars) TextOr(name, otherwise string) string {
	if text, ok := v.value(name); ok {
		return text
	}
	return otherwise
}

// Int is the variable's value as a whole number that is not negative, in decimal.
func (v *Vars) Int(name string) int { return v.number(name, v.Text(name)) }

// IntOr is like Int, and otherwise if the variable is missing or empty.
func (v *Vars) IntOr(name string, otherwise int) int {
	return v.number(name, v.TextOr(name, strconv.Itoa(otherwise)))
}

// DurationOr is the variable's value in the form of time.ParseDuration ("90s", "15m") and not
// negative, or otherwise if it is missing or empty.
func (v *Vars) DurationOr(name string, otherwise time.Duration) time.Duration {
	if _, ok := v.value(name); !ok {
		return otherwise
	}
	return v.Duration(name)
}

// Duration is like DurationOr, for a variable that must be there.
func (v *Vars) Duration(name string) time.Duration {
	text := v.Text(name)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		v.malformed(name, text, `a duration such as "90s"`)
	}
	return d
}

// Flag is true for "true" and false for "false", for an empty and for a missing variable.
func (v *Vars) Flag(name string) bool {
	text, _ := v.value(name)
	if text != "" && text != "true" && text != "false" {
		v.malformed(name, text, `"true" or "false"`)
	}
	return text == "true"
}

// OneOf is the variable's value, which must be one of the choices; the first of them if the variable
// is missing or empty.
func (v *Vars) OneOf(name string, choices ...string) string {
	text := v.TextOr(name, choices[0])
	if !slices.Contains(choices, text) {
		v.malformed(name, text, "one of "+strings.Join(choices, ", "))
	}
	return text
}

// Err names every variable that was missing or malformed so far; nil if none was.
func (v *Vars) Err() error {
	var parts []string
	if len(v.missing) > 0 {
		parts = append(parts, "missing "+strings.Join(v.missing, ", "))
	}
	parts = append(parts, v.wrong...)
	if len(parts) == 0 {
		return nil
	}
	return fmt.Errorf("environment: %s", strings.Join(parts, "; "))
}

func (v *Vars) value(name string) (string, bool) {
	text, _ := v.lookup(name)
	text = strings.TrimSpace(text)
	return text, text != ""
}

func (v *Vars) number(name, text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		v.malformed(name, text, "a whole number from 0 up")
		return 0
	}
	return n
}

func (v *Vars) malformed(name, text, want string) {
	v.wrong = append(v.wrong, fmt.Sprintf("%s is %.40q, not %s", name, text, want))
}

// Require ends the process with status 1 and one line in the log if Err has anything to say. It is
// for main alone.
func (v *Vars) Require(log *slog.Logger) {
	if err := v.Err(); err != nil {
		log.Error("not started", "reason", err.Error())
		os.Exit(1)
	}
}

package hook

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// errTask is a text that is no task, and never will be one.
var errTask = errors.New("no task")

// kinds are the events that a receiver may ask for.
var kinds = []string{ChannelOccupied, ChannelVacated, MemberAdded, MemberRemoved, ClientEvent, CacheMiss, SubscriptionCount}

// maxApp is how long an app's id may be.
const maxApp = 64

// ParseTask reads a task as Task.Text wrote it.
func ParseTask(text string) (t Task, err error) {
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return Task{}, fmt.Errorf("%w: %w", errTask, err)
	}
	if reason := t.wrong(); reason != "" {
		return Task{}, fmt.Errorf("%w: %s", errTask, reason)
	}
	return t, nil
}

// Text is the task as JSON.
func (t Task) Text() string {
	b, _ := json.Marshal(t) // texts and numbers always marshal
	return string(b)
}

// inOrder compares tasks by when they happened.
func inOrder(a, b Task) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Nano, b.Nano)) }

// wrong is what is wrong with the task; empty: nothing.
func (t Task) wrong() string {
	looks := 0
	for _, has := range []bool{t.Vacated != "", t.Left != nil, t.Count != "", len(t.Events) > 0} {
		if has {
			looks++
		}
	}
	switch {
	case t.App == "" || len(t.App) > maxApp:
		return "an app is needed"
	case looks != 1:
		return fmt.Sprintf("it asks for %d things instead of one", looks)
	case t.Left != nil && (t.Left.Channel == "" || t.Left.User == ""):
		return "a channel and a user are needed"
	case t.At < 0 || t.Nano < 0 || t.Tries < 0:
		return "a number is negative"
	case t.Tries > 0 && t.URL == "":
		return "it was tried with no receiver"
	}
	for _, e := range t.Events {
		if e.Channel == "" || !slices.Contains(kinds, e.Name) {
			return fmt.Sprintf("an event of the kind %.40q", e.Name)
		}
	}
	return ""
}

package schedule

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// scheduled is the event that a function gets when its schedule has no Input.
type scheduled struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	// Detail is an empty object of a rule's, and the text of one of a Scheduler's.
	Detail any `json:"detail"`
}

// event is what the function gets at this time.
func (t *Timer) event(due time.Time) []byte {
	id, moment := newID(), due.UTC().Format("2006-01-02T15:04:05Z")
	if t.schedule.Input != "" {
		return []byte(t.input(id, moment))
	}
	e := scheduled{Version: "0", ID: id, DetailType: "Scheduled Event", Source: "aws.events",
		Account: t.opt.AccountID, Time: moment, Region: t.opt.Region, Resources: []string{t.arn()}, Detail: struct{}{}}
	if t.schedule.Scheduler {
		e.Source, e.Detail = "aws.scheduler", "{}"
	}
	event, err := json.Marshal(e)
	if err != nil { // strings always encode
		panic(err)
	}
	return event
}

// input is the Input as written; a Scheduler's names of its context are replaced.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (t *Timer) input(id, moment string) string {
	if !t.schedule.Scheduler {
		return t.schedule.Input
	}
	return strings.NewReplacer("<aws.scheduler.schedule-arn>", t.arn(), "<aws.scheduler.scheduled-time>", moment,
		"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1").Replace(t.schedule.Input)
}

func (t *Timer) arn() string {
	place := t.opt.Region + ":" + t.opt.AccountID
	if t.schedule.Scheduler {
		return "arn:aws:scheduler:" + place + ":schedule/default/" + t.schedule.Name
	}
	return "arn:aws:events:" + place + ":rule/" + t.schedule.Name
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

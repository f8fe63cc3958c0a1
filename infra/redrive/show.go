package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxNamed is how many records of one message are named.
const maxNamed = 10

// maxReason is how much of a reason is shown.
const maxReason = 300

// show says what a message is and what could be done about it.
func (d *drive) show(j *judged) {
	fmt.Fprintf(d.out, "\n%s  %s, %v old\n", j.id, j.what, j.age(time.Now()).Round(time.Second))
	fmt.Fprintf(d.out, "  reason: %s\n", shortened(strings.Join(strings.Fields(j.reason), " ")))
	for i, r := range j.records {
		if i == maxNamed {
			fmt.Fprintf(d.out, "  … and %d more\n", len(j.records)-i)
			break
		}
		fmt.Fprintf(d.out, "  item:   %s\n", r.name())
	}
	fmt.Fprintf(d.out, "  %s %s\n", map[bool]string{true: "cannot be done again:", false: "--apply would"}[j.verdict == keep], j.why)
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxReason {
		return string(runes[:maxReason]) + "…"
	}
	return text
}

// releaseAll gives back what is still on the queue.
func (d *drive) releaseAll(ctx context.Context, letters []letter, deleted map[string]bool) (err error) {
	for _, l := range letters {
		if !deleted[l.ID] {
			err = errors.Join(err, d.release(ctx, d.queueURL, l))
		}
	}
	return err
}

// conclude says what has come back, or what could be done next.
func (d *drive) conclude(ctx context.Context, seen []letter, chosen int) error {
	switch {
	case d.apply:
		back, err := d.returned(ctx, seen)
		if err != nil {
			return err
		}
		return d.sum(back)
	case chosen > 0 && !d.discard:
		fmt.Fprint(d.out, "\nNothing was changed. --apply does it, --discard deletes the messages; --id and --reason choose.\n")
	}
	return nil
}

// sum says how much of what was to be done is mended.
func (d *drive) sum(back int) error {
	fmt.Fprintf(d.out, "\n%d mended, %d came back", len(d.done)-back, back)
	if d.failed > 0 {
		fmt.Fprintf(d.out, ", %d not done", d.failed)
	}
	fmt.Fprintln(d.out)
	if back+d.failed > 0 {
		return errUnmended
	}
	return nil
}

// returned looks for what was put on the queue again because it still does not fit, and counts the
// messages that were done and had it.
func (d *drive) returned(ctx context.Context, seen []letter) (int, error) {
	known := map[string]bool{}
	for _, l := range seen {
		known[l.ID] = true
	}
	if len(d.brought) == 0 {
		return 0, nil
	}
	from := map[string]bool{}
	letters, err := d.receive(ctx, d.queueURL, d.most, d.wait)
	for _, l := range letters {
		m := read(l)
		if known[l.ID] || len(m.records) != 1 {
			continue
		}
		if was, ok := d.brought[m.records[0].EventID]; ok {
			if d.done[was] {
				from[was] = true
			}
			fmt.Fprintf(d.out, "\n%s  has come back: %s\n  reason: %s\n", m.id, m.records[0].name(), shortened(m.reason))
		}
	}
	return len(from), errors.Join(err, d.releaseAll(context.WithoutCancel(ctx), letters, nil))
}

package main

import (
	"context"
	"os"
	"time"
)

// templatePoll is how often the template is looked at: a person saves it now and then.
const templatePoll = time.Second

// watchTemplate says when the template was saved: what it describes is made at the start alone.
func (r *runner) watchTemplate(ctx context.Context) {
	ticker := time.NewTicker(templatePoll)
	defer ticker.Stop()
	for saved := savedAt(r.stack.Path); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := savedAt(r.stack.Path); !now.Equal(saved) {
			saved = now
			r.log.say(r.opts.template + " was saved: start again to run what it says now")
		}
	}
}

func savedAt(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

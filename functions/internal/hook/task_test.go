package hook_test

import (
	"testing"

	"edgestream/functions/internal/hook"
)

func TestWhatIsNoTask(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         ``,
		"no object":       `[]`,
		"no app":          `{"vacated":"x"}`,
		"a long app":      `{"app":"0123456789012345678901234567890123456789012345678901234567890123456789","vacated":"x"}`,
		"nothing to do":   `{"app":"1","at":1}`,
		"two things":      `{"app":"1","vacated":"x","count":"x"}`,
		"a look and more": `{"app":"1","vacated":"x","events":[{"name":"cache_miss","channel":"c"}]}`,
		"no user":         `{"app":"1","left":{"channel":"x"}}`,
		"no channel":      `{"app":"1","events":[{"name":"cache_miss"}]}`,
		"unknown kind":    `{"app":"1","events":[{"name":"x","channel":"c"}]}`,
		"negative time":   `{"app":"1","at":-1,"vacated":"x"}`,
		"negative tries":  `{"app":"1","tries":-1,"vacated":"x"}`,
		"tried nowhere":   `{"app":"1","tries":1,"vacated":"x"}`,
		"wrong type":      `{"app":1,"vacated":"x"}`,
	} {
		if task, err := hook.ParseTask(text); err == nil {
			t.Errorf("%s: %+v", name, task)
		}
	}
}

func FuzzParseTask(f *testing.F) {
	f.Add(`{"app":"1","at":5,"vacated":"x"}`)
	f.Add(`{"app":"1","at":5,"url":"https://a","tries":2,"events":[{"name":"subscription_count","channel":"c","subscription_count":0}]}`)
	f.Add(`{"app":"1","left":{"channel":"presence-x","user":"\uffff"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		task, err := hook.ParseTask(text)
		if err != nil {
			return
		}
		again, err := hook.ParseTask(task.Text())
		if err != nil || again.Text() != task.Text() {
			t.Errorf("%s becomes %s, %v", task.Text(), again.Text(), err)
		}
	})
}

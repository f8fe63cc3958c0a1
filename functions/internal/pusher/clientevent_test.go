package pusher_test

import (
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
)

func refusedEvent(code, text string) string {
	return `{"event":"pusher:error","data":{"code":` + code + `,"message":"` + text + `"}}`
}

// chatting is a world whose connection is subscribed to a channel of each kind.
func chatting(t *testing.T, changes ...func(*pusher.App)) *world {
	t.Helper()
	w := opened(t, changes...)
	for _, channel := range append([]string{"room", "cache-room"}, kinds...) {
		w.send(subscribe(channel, app.Auth(pusher.ChannelText(socket, channel, dataOf(channel)...)), dataOf(channel)...), 10)
	}
	w.said.frames, w.said.happens = nil, nil
	return w
}

func TestAClientEventIsPublished(t *testing.T) {
	w := chatting(t)
	from := " except " + socket + " by "
	w.send(`{"event":"client-x","channel":"private-room","data":{"a": [1,"é"]}}`, 20)
	w.send(`{"event":"client-x","channel":"private-cache-room","data":"text \"q\""}`, 20)
	w.send(`{"event":"client-","channel":"presence-room","data":null}`, 20)
	w.send(`{"event":"client-x","channel":"presence-cache-room","data":7,"user_id":"8"}`, 20)
	w.happened(t, `client event 4072 private-room client-x {"a": [1,"é"]}`+from, `client event 4072 private-cache-room client-x text "q"`+from,
		"client event 4072 presence-room client- null"+from+"7", "client event 4072 presence-cache-room client-x 7"+from+"7")
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestRefusedClientEvents(t *testing.T) {
	const settings = "To send client events, you must enable this feature in the Settings page of your dashboard."
	const kind = "Client event rejected - only supported on private and presence channels"
	const needs = "Invalid client event (must contain channel and data)"
	off := func(a *pusher.App) { a.ClientEvents = false }
	on := func(*pusher.App) {}
	name := "client-" + strings.Repeat("é", 193)
	for body, tt := range map[string]struct {
		change func(*pusher.App)
		want   string
	}{
		`{"event":"client-x","channel":"private-room","data":{}}`:                                              {off, settings},
		`{"event":"client-x","channel":"room","data":{}}`:                                                      {on, kind},
		`{"event":"client-x","channel":"cache-room","data":{}}`:                                                {on, kind},
		`{"event":"client-x","channel":"private-encrypted-room","data":{}}`:                                    {on, kind},
		`{"event":"client-x","channel":"private-encrypted-cache-room","data":{}}`:                              {on, kind},
		`{"event":"client-x","channel":"#server-to-user-7","data":{}}`:                                         {on, kind},
		`{"event":"client-x","channel":"private-other","data":{}}`:                                             {on, "Cannot broadcast client event (connection not subscribed to channel private-other)"},
		`{"event":"client-x","data":{}}`:                                                                       {on, needs},
		`{"event":"client-x","channel":["private-room"],"data":{}}`:                                            {on, needs},
		`{"event":"client-x","channel":"private-room"}`:                                                        {on, needs},
		`{"event":"` + name + `é","channel":"private-room","data":{}}`:                                         {on, "Invalid client event (its name is too long)"},
		`{"event":"client-x","channel":"private-room","data":"` + strings.Repeat("x", pusher.MaxData+1) + `"}`: {on, "Client event rejected - its data has more than 10240 bytes"},
		`{"event":"client-x","channel":"private-room","data":[` + strings.Repeat(" ", pusher.MaxData-1) + `]}`: {on, "Client event rejected - its data has more than 10240 bytes"},
	} {
		w := chatting(t, tt.change)
		w.send(body, 20)
		w.answered(t, refusedEvent("null", tt.want))
		w.happened(t)
		w.logged(t, 1, "INFO", "message refused", `"event":"client-"`, `"app":"4072"`)
	}
	w := chatting(t)
	w.send(`{"event":"`+name+`","channel":"private-room","data":"`+strings.Repeat("é", pusher.MaxData/2)+`"}`, 20)
	w.answered(t)
}

func TestTheEleventhClientEventOfASecondIsRefused(t *testing.T) {
	w := chatting(t)
	const body = `{"event":"client-x","channel":"private-room","data":{}}`
	for i := range 11 {
		w.send(body, 1000+i)
	}
	w.answered(t, refusedEvent("4301", "Client event rejected due to rate limit"))
	if got := len(w.said.happens); got != 10 {
		t.Errorf("%d were published", got)
	}
	w.logged(t, 1, "INFO", `"channel":"private-room"`)
	w.send(body, 2000)
	w.answered(t)
}

func TestAnEventThatCannotBePublishedIsSaid(t *testing.T) {
	w := chatting(t)
	w.said.err = errBroken
	w.send(`{"event":"client-x","channel":"private-room","data":{}}`, 20)
	w.answered(t, unexpected)
}

package mastodon

import (
	"errors"
	"strings"
)

// decoded is an event as a reader of server-sent events hands it out.
type decoded struct{ name, data, id string }

// eventSource reads a stream as a browser does,
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
// The id is the one that the event itself has.
func eventSource(in string) (events []decoded) {
	in = strings.TrimPrefix(in, "\ufeff")
	var e decoded
	for _, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(in), "\n") {
		if line == "" {
			if e.data != "" {
				e.data = strings.TrimSuffix(e.data, "\n")
				if e.name == "" {
					e.name = "message"
				}
				events = append(events, e)
			}
			e = decoded{}
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "data":
			e.data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				e.id = value
			}
		}
	}
	return events
}

var errMalformed = errors.New("malformed event")

// mastodonPy reads a stream as StreamListener.handle_stream of Mastodon.py 2.1.4 does, up to where
// it would parse the data as JSON. What ends it there is an error here.
func mastodonPy(in string) (events []decoded, err error) {
	event := map[string]string{}
	for line := range strings.SplitSeq(in[:strings.LastIndex(in, "\n")], "\n") {
		switch {
		case line == "":
			name, named := event["event"]
			data, given := event["data"]
			if !named || !given || data == "" {
				return events, errMalformed
			}
			events = append(events, decoded{name, data, event["id"]})
			event = map[string]string{}
		case strings.HasPrefix(line, ":"):
		default:
			key, value, ok := strings.Cut(line, ": ")
			if !ok {
				return events, errMalformed
			}
			if before, repeated := event[key]; repeated {
				value = before + "\n" + value
			}
			event[key] = value
		}
	}
	return events, nil
}

// goMastodon reads a stream as handleReader of go-mastodon 0.0.13 does: each line of data is an
// event of the last name.
func goMastodon(in string) (events []decoded) {
	name := ""
	for line := range strings.SplitSeq(in, "\n") {
		field, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		if !ok {
			continue
		}
		switch strings.TrimSpace(field) {
		case "event":
			name = strings.TrimSpace(value)
		case "data":
			events = append(events, decoded{name: name, data: value})
		}
	}
	return events
}

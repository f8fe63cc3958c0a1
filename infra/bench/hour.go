package main

// responsesPerHour is how many responses follow each other in an hour of a stream of server-sent
// events: SseMinutes is 14 if nobody says otherwise.
const responsesPerHour = 60.0 / 14

// hour is what a stream or a socket costs that is open for an hour and quiet, in dollars.
type hour struct{ time, requests, reads float64 }

func (h hour) total() float64 { return h.time + h.requests + h.reads }

// streamHour is that of server-sent events, from a function of so much memory that reads so much.
func streamHour(megabytes int, readUnits float64) hour {
	return hour{
		time:     float64(megabytes) / 1024 * 3600 * pricePerGBSecond,
		requests: responsesPerHour * pricePerInvocation,
		reads:    readUnits * pricePerReadUnit,
	}
}

// socketHour is that of a WebSocket.
func socketHour() hour { return hour{time: 60 * pricePerSocketMinute} }

package main

// AWS's prices of us-east-1 in dollars, on demand and without the free tiers, as of 22 November 2026.
// https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/,
// https://aws.amazon.com/api-gateway/pricing/
const (
	priceDate             = "22 November 2026"
	pricePerGBSecond      = 0.0000133334 // of a function on arm64
	pricePerInvocation    = 0.20 / 1e6
	pricePerReadUnit      = 0.125 / 1e6
	pricePerSocketMinute  = 0.25 / 1e6
	pricePerSocketMessage = 1.00 / 1e6
)

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

package main

import (
	"maps"
	"math"
	"slices"
)

// line is one line of a bill.
type line struct {
	service, what string
	// times is how many units of what is billed, and dollars what they cost.
	times, dollars float64
}

// bill is what a month costs.
type bill struct {
	// floor is API Gateway's own, of what clients send and get, and of being connected.
	floor []line
	// own is what Edgestream adds, and outside what stands beside the ratio.
	own, outside []line
	// posts is messages a second to clients.
	posts float64
}

func sum(lines []line) (total float64) {
	for _, l := range lines {
		total += l.dollars
	}
	return total
}

// total is what Edgestream costs, its keep-alives and CloudFront too: what AWS charges beside Content and
// transfer.
func (b bill) total() float64 {
	total := sum(b.floor) + sum(b.own)
	for _, l := range b.outside {
		if l.what == keepAlives || l.service == cloudFront {
			total += l.dollars
		}
	}
	return total
}

// ratio is what everything inside costs over the floor.
func (b bill) ratio() float64 { return (sum(b.floor) + sum(b.own)) / sum(b.floor) }

const (
	keepAlives = "keep-alives"
	// cloudFront is what clients come through whose URLs have paths; others may connect to API Gateway itself.
	cloudFront = "CloudFront"
)

// pricePerGBOfLog is for a line that is written and kept as long as logs are.
const pricePerGBOfLog = pricePerGBLogged + pricePerGBOfLogs*retention/30

// listRatio is the ratio with $1.00 for each million messages, also after the first billion.
func (b bill) listRatio() float64 {
	floor := b.floor[0].times*pricePerSocketMessage + b.floor[1].dollars
	return 1 + sum(b.own)/floor
}

// messages32 are those that API Gateway bills: one for each 32 KB.
func (w workload) messages32() float64 {
	return w.delivered()*math.Ceil((w.bytes+envelope)/messageBytes) + w.sent()
}

// floor is what API Gateway charges whatever stands behind it.
func (w workload) floor() []line {
	n, minutes := w.messages32(), w.connections*monthMinutes
	return []line{
		{"API Gateway", "messages", n, messagesCost(n)},
		{"API Gateway", "connection-minutes", minutes, minutes * pricePerSocketMinute},
	}
}

func messagesCost(n float64) float64 {
	return min(n, cheaperFrom)*pricePerSocketMessage + max(0, n-cheaperFrom)*pricePerFurther
}

// lines prices what is used.
func (u monthly) lines(w workload) (all []line) {
	for _, function := range slices.Sorted(maps.Keys(u.invocations)) {
		n, gb := u.invocations[function], u.gigabyteSeconds[function]
		if n > 0 {
			all = append(all, line{"Lambda", function + ", requests", n, n * pricePerInvocation},
				line{"Lambda", function + ", GB-seconds", gb, gb * pricePerGBSecond})
		}
	}
	gb, stored := u.logged/1e9, w.connections*rowBytes/1e9
	queue := u.queue + receives*monthMinutes
	return append(all,
		line{"DynamoDB", "read units", u.reads, u.reads * pricePerReadUnit},
		line{"DynamoDB", "write units", u.writes, u.writes * pricePerWriteUnit},
		line{"DynamoDB", "GB of rows", stored, stored * pricePerGBStored},
		line{"DynamoDB", "reads of streams by Lambda", u.invocations["publish"], u.invocations["publish"] * pricePerStreamRead},
		line{"SQS", "requests to FIFO queues", queue, queue * pricePerFIFORequest},
		line{"CloudWatch", "GB of logs", gb, gb * pricePerGBOfLog},
		line{"CloudWatch", "metrics", metrics, metrics * pricePerMetric},
		line{"CloudWatch", "metrics that alarms look at", alarmed, alarmed * pricePerAlarmed},
	)
}

// dollars is what it costs, as lines has it, without what is paid whether or not anything happens.
func (u monthly) dollars() (total float64) {
	for _, function := range slices.Sorted(maps.Keys(u.invocations)) {
		total += u.invocations[function]*pricePerInvocation + u.gigabyteSeconds[function]*pricePerGBSecond
	}
	return total + u.reads*pricePerReadUnit + u.writes*pricePerWriteUnit + u.queue*pricePerFIFORequest + u.logged/1e9*pricePerGBOfLog
}

// outside is what stands beside the ratio: what the application writes whoever delivers it, what keeps
// quiet connections open, and what leaves for the internet.
func (w workload) outside() []line {
	items := w.connections*monthHours*w.notifications*(1+w.offline) + w.said()
	writes := items * math.Ceil((w.bytes+100)/1024)
	quiet := w.connections * monthMinutes / idleMinutes * math.Exp(-idleMinutes*w.perMinute())
	gb := (w.delivered()*(w.bytes+envelope) + w.sent()*envelope) / 1e9
	before := w.messages32()
	return []line{
		{"DynamoDB", "the application's writes to Content", writes, writes * pricePerWriteUnit},
		{"API Gateway", keepAlives, quiet, messagesCost(before+quiet) - messagesCost(before)},
		{cloudFront, "connects, through its function", w.sessions(), w.sessions() * (pricePerEdgeRequest + pricePerEdgeRun)},
		{"Transfer", "GB out to the internet", gb, min(gb, cheaperAbroadFrom)*pricePerGBAbroad + max(0, gb-cheaperAbroadFrom)*pricePerGBFurther},
	}
}

// perMinute is how many messages a connection has in a minute.
func (w workload) perMinute() float64 {
	return (w.delivered() + w.sent()) / (w.connections * monthMinutes)
}

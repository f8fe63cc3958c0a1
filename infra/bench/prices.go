package main

// AWS's prices of us-east-1 in dollars, on demand and without the free tiers. Every figure of money in this
// package comes from here.
//
//   - https://aws.amazon.com/api-gateway/pricing/
//   - https://aws.amazon.com/lambda/pricing/
//   - https://aws.amazon.com/dynamodb/pricing/on-demand/
//   - https://aws.amazon.com/sqs/pricing/
//   - https://aws.amazon.com/cloudwatch/pricing/
//   - https://aws.amazon.com/cloudfront/pricing/
//   - https://aws.amazon.com/ec2/pricing/on-demand/ (servers, and what leaves for the internet)
//   - https://aws.amazon.com/elasticache/pricing/
//   - https://aws.amazon.com/elasticloadbalancing/pricing/
const (
	priceDate = "22 November 2026"

	pricePerSocketMinute  = 0.25 / 1e6
	pricePerSocketMessage = 1.00 / 1e6 // of up to 32 KB, the first billion of a month
	pricePerFurther       = 0.80 / 1e6 // each message after that
	cheaperFrom           = 1e9
	messageBytes          = 32 << 10

	pricePerGBSecond   = 0.0000133334 // of a function on arm64
	pricePerInvocation = 0.20 / 1e6

	pricePerReadUnit  = 0.125 / 1e6
	pricePerWriteUnit = 0.625 / 1e6
	pricePerGBStored  = 0.25 // a month
	// A function's own reads of a stream are free.
	pricePerStreamRead = 0.0

	pricePerFIFORequest = 0.50 / 1e6 // of up to 64 KB, each call for up to ten messages

	pricePerEdgeRequest = 1.00 / 1e6 // over HTTPS; an upgrade is one, whatever follows
	pricePerEdgeRun     = 0.10 / 1e6 // of the function that reads its path

	pricePerGBLogged  = 0.50
	pricePerGBOfLogs  = 0.03 // a month
	pricePerMetric    = 0.30 // a month
	pricePerAlarmed   = 0.10 // a month, each metric of an alarm
	pricePerGBAbroad  = 0.09 // out to the internet, the first 10 TB of a month
	pricePerGBFurther = 0.085
	cheaperAbroadFrom = 10_240.0 // GB

	pricePerServerHour   = 0.0725 // c7g.large: 2 vCPU, 4 GB
	pricePerRedisHour    = 0.032  // cache.t4g.small
	pricePerBalancerHour = 0.0225 // a network load balancer; TLS ends on the servers
	pricePerBalancerUnit = 0.006  // an hour of 100,000 open connections, 800 new ones a second or 1 GB an hour
)

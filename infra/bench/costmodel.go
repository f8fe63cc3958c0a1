package main

import "math"

// What the model takes from the template and from AWS's documentation. TestTheModelKnowsTheTemplate
// holds the first group against template.yaml.
const (
	smallMemory, largeMemory = 256.0, 512.0 // MB: of functions that a message runs, and of publish
	deliverMemory            = 384.0
	deliverBatch             = 6.0    // parts in an invocation of deliver, at the most
	wideFrom                 = 500.0  // WideListeners
	widePace                 = 5000.0 // WidePostsPerSecond
	deliverers               = 5.0    // DeliverConcurrency
	batchSize                = 100.0  // of the stream of Content
	retention                = 14.0   // days of logs
	alarmed                  = 25.0   // metrics that alarms look at

	// slicesPerStream is functions/internal/publish's, pageSize also what is reserved at a time; publicKeys is functions/internal/dynamo's.
	slicesPerStream, pageSize, publicKeys = 16.0, 2000.0, 8.0
	// mappingsPerRead is how many rows of listeners are in 4 KB (dynamo's TestWhatAWideTopicCosts).
	mappingsPerRead = 44.0
	// metrics are those that publish, deliver and sweep write in an hour with events.
	metrics = 14.0

	// A function of so many MB has one core. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
	megabytesPerCore = 1769.0
	// callMillis and postMillis are how long DynamoDB and API Gateway take to answer, within a region.
	callMillis, postMillis = 4.0, 12.0
	// publishCalls is how many look-ups follow each other in a batch.
	publishCalls = 2.0
	// pollsPerSecond is how often Lambda asks each shard for records, and receives how often it asks an
	// empty queue in a minute: five pollers that wait up to 20 s.
	pollsPerSecond, receives = 4.0, 15.0
	// rowBytes is what a connection holds in Connections, with its mapping and what AWS adds per row.
	rowBytes = 1500.0
	// idleMinutes is after how long without traffic a connection gets a frame.
	idleMinutes = 9.0
	// envelope is what a frame has beside its payload.
	envelope = 80.0
	// mostBytes is the longest frame that API Gateway takes.
	mostBytes = 128 << 10
)

// monthly is what a month uses of DynamoDB, Lambda, SQS and logs.
type monthly struct {
	reads, writes, queue, logged float64
	// invocations and gigabyteSeconds are by function.
	invocations, gigabyteSeconds map[string]float64
}

// runs adds invocations that take so long each. Of those that succeed Lambda writes nothing to the log,
// as SystemLogLevel is.
func (u *monthly) runs(function string, times, millis, megabytes float64) {
	u.invocations[function] += times
	u.gigabyteSeconds[function] += times * millis / 1000 * megabytes / 1024
}

// units adds a row so many times, without its invocations.
func (u *monthly) units(times float64, row unitCost) {
	u.reads += times * row.ReadUnits
	u.writes += times * row.WriteUnits
	u.logged += times * row.LogBytes
}

// message adds a row that is one invocation of a function whose requests follow each other.
func (u *monthly) message(function string, times float64, row unitCost) {
	u.units(times, row)
	u.runs(function, times, row.CPUMillis*megabytesPerCore/smallMemory+row.Requests*callMillis, smallMemory)
}

// billOf is the bill of a workload.
func billOf(w workload, f figures) bill {
	u := noUsage()
	u.connects(w, f)
	u.notifications(w, f)
	u.streams(w, f)
	u.sweep(w, f)
	return bill{floor: w.floor(), own: u.lines(w), outside: w.outside(), posts: w.delivered() / monthSeconds}
}

func noUsage() monthly {
	return monthly{invocations: map[string]float64{}, gigabyteSeconds: map[string]float64{}}
}

// causes says what a workload pays Edgestream for: to connect and leave, to say something, and to look
// after what is open.
func causes(w workload, f figures) (sessions, events, sweep float64) {
	connects, says, looks := noUsage(), noUsage(), noUsage()
	connects.connects(w, f)
	says.notifications(w, f)
	says.streams(w, f)
	looks.sweep(w, f)
	return connects.dollars(), says.dollars(), looks.dollars()
}

// sideBySide is the row of which so many requests are made at a time: they are waited for once. A
// connect writes its rows so, and a disconnect removes what is in the account's row and elsewhere.
func (c unitCost) sideBySide(n float64) unitCost {
	c.Requests -= n - 1
	return c
}

// connects adds sessions: how they open, subscribe and close.
func (u *monthly) connects(w workload, f figures) {
	open, closing := f.Rows[openRow].sideBySide(2), f.Rows[closeRow]
	if w.streams > 0 {
		open, closing = f.Rows[openPublicRow].sideBySide(3), f.Rows[closePublicRow].sideBySide(2)
	}
	n := w.sessions()
	u.message("connect", n*(1-w.ids), open)
	u.message("connect", n*w.ids, f.Rows[idsRow])
	u.invocations["replay"] += n * w.ids
	u.message("disconnect", n, closing)
	u.message("subscribe", n*w.messages, f.Rows[subscribeRow])
	u.writes += n * w.messages // its row goes with the connection
}

func (u *monthly) publish(batches, perBatch, cpu, records float64) {
	if records == 0 {
		return
	}
	u.runs("publish", batches, perBatch+cpu*megabytesPerCore/largeMemory*records/batches, largeMemory)
}

func (u *monthly) notifications(w workload, f figures) {
	row := f.Rows[notificationRow]
	delivered := w.connections * monthHours * w.notifications
	n := delivered * (1 + w.offline)
	batches := w.batches(n)
	logged := row.LogBytes
	row.LogBytes = 0
	u.units(n, row)
	u.logged += batches * logged
	u.writes += n * w.ids * w.entry()
	u.publish(batches, publishCalls*callMillis+postMillis, row.CPUMillis, n)
}

// streams adds events to many.
func (u *monthly) streams(w workload, f figures) {
	n := w.said()
	u.writes += n * w.ids * w.entry()
	if w.width > wideFrom {
		u.wide(n, w, f)
		return
	}
	row, one := f.Rows[narrowRow], f.Rows[notificationRow]
	batches := w.batches(n)
	u.reads += n * (row.ReadUnits - math.Ceil(narrowListeners/mappingsPerRead) + w.keys()*math.Ceil(w.width/w.keys()/mappingsPerRead))
	u.logged += batches * row.LogBytes
	u.publish(batches, publishCalls*callMillis+postMillis, one.CPUMillis+(w.width-1)*perPost(f), n)
}

// perPost is the processor milliseconds of one post more.
func perPost(f figures) float64 {
	return max(0, f.Rows[narrowRow].CPUMillis-f.Rows[notificationRow].CPUMillis) / (narrowListeners - 1)
}

// wide adds events that go through the queue.
func (u *monthly) wide(n float64, w workload, f figures) {
	row := f.Rows[segmentRow]
	if w.public {
		row = f.Rows[publicRow]
	}
	parts := slicesPerStream
	each := w.width / parts
	row.ReadUnits += parts * (math.Ceil(each/mappingsPerRead) - math.Ceil(wideListeners/parts/mappingsPerRead))
	row.WriteUnits += parts*(math.Ceil(each/pageSize)-1) + max(0, w.width-wideListeners)/pageSize
	u.units(n, row)
	u.publish(n, (publishCalls+1)*callMillis+parts/10*callMillis, f.Rows[notificationRow].CPUMillis, n)
	ran := max(row.Invocations["Deliver"], math.Ceil(parts/deliverBatch))
	took := w.width / widePace * 1000
	at := min(deliverers, ran)
	cpu := w.width * perPost(f) * megabytesPerCore / deliverMemory
	u.runs("deliver", n*ran, (max(took*at, cpu)+ran*3*callMillis)/ran, deliverMemory)
	u.queue += n * (parts/10 + 3*ran)
}

// sweep adds a run each minute, whoever is there, and looks at connections.
func (u *monthly) sweep(w workload, f figures) {
	row := f.Rows[sweepRow]
	share := monthHours * w.connections / 100_000
	u.reads += row.ReadUnits * share
	u.writes += row.WriteUnits * monthHours
	u.logged += row.LogBytes * monthHours
	millis := row.CPUMillis*megabytesPerCore/smallMemory*share + monthMinutes*5*callMillis
	u.runs("sweep", monthMinutes, millis/monthMinutes, smallMemory)
}

// Package schedule invokes functions at their time, as EventBridge does: a rule with a schedule
// (SAM's Schedule) or a schedule of EventBridge Scheduler (ScheduleV2).
//
// What it guarantees:
//
//   - rate(…), cron(…) and at(…) are understood as AWS does, in UTC, or refused by New with the
//     reason. Of cron, the wildcards L, W and # are refused.
//   - A rule's rate begins one period after the start, a Scheduler's rate at once.
//   - The event has the shape of the service that sends it, or is the Input as written.
//   - The function is invoked asynchronously: what becomes of an invocation is Lambda's affair, and
//     a slow one delays no other.
//
// What is missed while the machine sleeps is not made up for.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchevents.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
package schedule

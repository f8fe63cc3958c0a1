// Package sweep does once a minute what no event calls for: it keeps quiet connections open, closes
// those whose token has run out, and removes what connections that ended unnoticed have left.
//
// # Keeping connections open
//
// API Gateway ends a connection after Idle, ten minutes, without a message in either direction. A
// ping is no message, so a quiet connection must be sent a frame, and a busy one none. Each is
// looked at whenever its age is a multiple of Every, four and a half minutes: connections lie by
// the time at which they connected, so those that are due are few ranges of rows.
//
// A look may come late: up to Late, since runs are a minute apart, give or take some seconds, and
// take time themselves. The next look comes at most Every + Late - behind from now, where behind is
// how late this one is. A frame is sent only to a connection that would have been idle too long by
// then:
//
//	idle + Every + Late - behind > Idle, so idle > 240 s + behind
//
// So none is ever ended for being idle, and none gets a frame that spoke or heard anything in the
// last 240 s. A quiet one gets a frame at every other look, once in nine minutes: at the first look
// after a frame it has been idle for 270 s + behind - behind0, where behind0 is how late the look
// with the frame was, and needs none if that was 30 s or more; at the second it has been idle for
// 540 s. Four and a half minutes are half a minute off the schedule, so every other look of a
// connection comes 30 to 60 s late: after one frame too many, at most, it gets them there.
//
// With looks 540 s apart every look would have to send a frame, also to those that speak all the
// time: they would be idle too long by the next one. As it is, a busy connection costs two requests
// in nine minutes, which are not billed, and no message.
//
// API Gateway's lastActiveAt says how long it has been idle. Should it count only what clients send,
// connections that only listen get a frame at every look: more than needed, never too few.
//
// A connection with ids whose subscription is being replayed, and has got nothing for so long, is
// closed and gets none: its replay has died, and the id of a keep-alive would have its client go on
// behind what it has not been sent.
//
// A connection that ends by its age (Life) before it could be idle too long gets none.
//
// # Who is present
//
// A client that others see as present (a member of a presence channel, a user who is signed in) may
// vanish without a word, and its connection stay half open for ten minutes. So it is noted when those
// were heard: a client of which nothing was heard for Quiet is asked whether it is there, and its
// connection closed when it has said nothing for Reply. Each waits for the next run, so who vanishes is
// out after at most
//
//	Quiet + 1 min + 1 min = 210 s
//
// and what the runs are late. A client that speaks at least once in every Quiet is never asked. One
// that only listens is asked every two minutes, which costs a message each way, a run of the function
// that notes the answer, two writes and a read; and in every run all of those notes are read, eighty
// to a unit. What is sent to a client does not count: nothing says that it arrives.
//
// # Progress
//
// The table keeps until when it has been swept. A run does what has become due since, in slices,
// and moves it over the slices that are done: a run that is missed, killed or doubled loses
// nothing, and a doubled one finds that its connections are not idle. More than MaxWindow is not
// caught up: by then API Gateway has ended what was idle.
//
// One connection in trouble holds nothing up. A slice is done if at most one in ten failed, and is
// done again in the next run otherwise.
package sweep

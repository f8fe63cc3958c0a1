package stream

// Segment is one key under which listeners of a topic are kept, or the accounts of one owner's changes:
// what is cut into slices when there are many. Its text is its Directory's.
type Segment string

// Slices is into how many slices a segment is cut. A connection (of a topic's segment), or an account (of
// an owner's), is always in the same one, so that what goes through a slice's queue stays in order.
const Slices = 16

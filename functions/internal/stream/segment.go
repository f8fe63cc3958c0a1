package stream

// Segment is one key under which listeners of a topic are kept, or the accounts of one owner's changes:
// what is cut into slices when there are many. Its text is its Directory's.
type Segment string

// Slices is into how many slices a segment is cut at the most: by the first hexadecimal digit of a hash. A
// connection (of a topic's segment), or an account (of an owner's), is always in the same one, so that what
// goes through a slice's queue stays in order.
const Slices = 16

// Slices is into how many slices each segment of the topic is cut. PublicTopic has several segments: sixteen
// slices of each would be so many messages and rows that they cost more than the posts to a thousand.
func (t Topic) Slices() int {
	if t.IsPublic() {
		return 2
	}
	return Slices
}

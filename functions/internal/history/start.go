package history

// Why what came before a Start is missing, in the words of the event that tells the client.
const (
	GapTooOld    = "too_old"
	GapUnknownID = "unknown_id"
)

// Start is where a subscription begins.
type Start struct {
	// From is the position to go on from, as an id of the subscription.
	From string
	// Gap is GapTooOld or GapUnknownID if the client asked for more than From gives it, else empty.
	Gap string
}

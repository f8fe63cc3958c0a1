package history

// SetBusy makes logs with more entries than this busy ones.
func (r *Reader) SetBusy(entries int) { r.busy = entries }

// Marks is how many writers the reader remembers.
func (r *Reader) Marks() int { return len(r.marks) }

// Package history keeps the recent events of topics in order, so that a client that comes back
// gets what it missed, and a reader of server-sent events gets what is new.
//
// # A topic's log
//
// Publishers append one Entry per record of Content and topic, before they post it (Writer). An
// entry is found again by its record, so that a record that is published a second time keeps the
// entry, and the ids, that it had. It has a place, the clock of its writer, by which readers find
// what is new:
//
//	writer A, lane 3   n=17 ──▶ n=18 ──▶ n=19        one after the other: a writer appends an entry
//	writer B, lane 0        n=4 ──────▶ n=5          when the one before it is there
//	                   ─────────────────────────▶ place (the writer's clock, microseconds)
//
// Clocks differ and writes take time, so an entry may appear behind one that has been read. It
// never appears more than Lateness behind: a reader looks that far back. What it has read of that
// window it knows by a number for each writer, since the entries of one writer appear in the order
// of their numbers. This is small enough to stand in an id (Position), so a reader that comes back
// with the id gets every entry once.
//
// # Nothing is skipped
//
// A number says "all up to here" only if nothing before it was missed. What one query returns is
// the log of one moment and misses nothing, but a Reader also looks at the newest part alone, and
// reads pages one after the other, and copies that lag. So each entry says where its writer's one
// before it stands (Entry.Previous): an entry is handed out when that one has been, or stands where
// everything has been read. Else the window is read again at once.
//
// # Order
//
// Entries of one owner are read in the order of their sequence numbers, whatever the clocks of
// their writers say (Merge). In a log with so much traffic that the Reader looks at its newest part
// between whole looks, this holds for an owner whose writer changes from one moment to the next if
// the writers' clocks differ by less than a second.
package history

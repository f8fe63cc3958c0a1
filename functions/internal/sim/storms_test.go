package sim

// storms are weathers of one kind, which a run of any seed seldom meets so dense.
var storms = map[string]weather{
	"slow openings on many instances": {
		slow: each(map[class]float64{accountReads: 0.7, posts: 0.2}), moves: 0.4, kill: 0.002, twice: 0.05, drops: 0.3, splits: 1,
	},
	"deaths": {
		kill: 0.02, drops: 0.2, unseen: 0.5, twice: 0.1, moves: 0.1, splits: 2,
	},
	"a bad transport": {
		refused: each(map[class]float64{posts: 0.2}), lost: each(map[class]float64{posts: 0.1}), slow: each(map[class]float64{posts: 0.2}),
		slowClients: 0.5, drops: 0.2, unseen: 0.5, rate: 40, burst: 40,
	},
	"bad tables": {
		refused: each(map[class]float64{stores: 0.15, appends: 0.2, reads: 0.2, accountReads: 0.1}),
		lost:    each(map[class]float64{stores: 0.03, appends: 0.1, invokes: 0.05}), slow: each(map[class]float64{stores: 0.1, appends: 0.2}),
		drops: 0.3, lag: 0.1, skew: 2e9,
	},
	"clocks that are wrong": {
		clocks: wrongClocks, skew: wrongClocks, moves: 0.5, drops: 0.7, slow: each(map[class]float64{accountReads: 0.7, posts: 0.2}),
	},
	"long waits": {
		kill: 0.001, lag: 0.5, slow: each(map[class]float64{posts: 0.3, stores: 0.2}),
	},
	"clients that come and go": {
		drops: 0.9, unseen: 0.7, forgotten: 0.5, late: 0.5, slow: each(map[class]float64{posts: 0.1}), lag: 0.1,
	},
}

// each is a probability by class.
func each(of map[class]float64) (all [classes]float64) {
	for c, p := range of {
		all[c] = p
	}
	return all
}

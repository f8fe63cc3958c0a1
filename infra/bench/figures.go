package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
)

// unitCost is what one doing costs, as units has measured it.
type unitCost struct {
	// ReadUnits, WriteUnits and Requests are DynamoDB's.
	ReadUnits, WriteUnits, Requests float64
	// Invocations is how often functions ran, by their names.
	Invocations map[string]float64
	// CPUMillis is what all of them took of one of this machine's cores, and LogBytes what they wrote.
	CPUMillis, LogBytes float64
}

// figures is the table that units writes and the model of costs reads.
type figures struct {
	// Command measures it.
	Command string
	Rows    map[string]unitCost
}

//go:embed measured.json
var measured []byte

// readFigures reads the table from a file, or the committed one. Errors name the file.
func readFigures(path string) (f figures, err error) {
	text, of := measured, "figures"
	if path != "" {
		of = "figures of " + path
		if text, err = os.ReadFile(path); err != nil {
			return f, err
		}
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("%s: %w", of, err)
	}
	for _, name := range modelRows {
		if _, ok := f.Rows[name]; !ok {
			return f, fmt.Errorf("%s: there is no row %q; units --write makes one", of, name)
		}
	}
	return f, nil
}

// unitCost is the tally of one of so many doings.
func (t tally) unitCost(times int) unitCost {
	n := float64(times)
	f := unitCost{ReadUnits: round(t.read / n), WriteUnits: round(t.write / n), Requests: round(float64(t.requests) / n),
		Invocations: map[string]float64{}, CPUMillis: round(1000 * t.cpu / n), LogBytes: round(float64(t.logged) / n)}
	for name, ran := range t.runs {
		if ran > 0 {
			f.Invocations[name] = round(float64(ran) / n)
		}
	}
	return f
}

// round leaves three decimals.
func round(x float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 3, 64), 64)
	return r
}

// write writes the figures that the model reads.
func (l *ledger) write(f unitsFlags) error {
	out := figures{Command: fmt.Sprintf("go run ./infra/bench units --times %d --listeners %d --write infra/bench/measured.json", f.times, f.listeners), Rows: map[string]unitCost{}}
	maps.Copy(out.Rows, l.figures)
	maps.DeleteFunc(out.Rows, func(name string, _ unitCost) bool { return !slices.Contains(modelRows, name) })
	text, err := json.MarshalIndent(out, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(f.write, append(text, '\n'), 0o644)
}

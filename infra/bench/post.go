package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

const postHelp = `The publisher's POST to @connections against bare net/http to the same server.

Runs BenchmarkPost of functions/internal/apigw several times: within each run 64 goroutines post
1 KB to a server on this machine, in turn through the client that the functions use (signed)
and through net/http alone, over plain HTTP and over TLS. The ratio is posts per second, ours
over bare, over plain HTTP, where the time is ours and not the cipher's. The two take turns of 1,024
posts, and it is the median of the turns' and then of the runs'. The cpu ratio is the same of processor
time, the server's included: it says more while the machine does other things too.`

func definePost(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	count := fs.Int("count", 5, "how many times to run it")
	return func(ctx context.Context, out io.Writer) error { return post(ctx, out, *count) }
}

// benchLine is what `go test -bench` prints of one run: name, runs, then pairs of figure and unit.
var benchLine = regexp.MustCompile(`(?m)^BenchmarkPost/(http|tls)(?:-\d+)?\s+\d+\s+(.*)$`)

func post(ctx context.Context, out io.Writer, count int) error {
	if err := atLeast(1, map[string]int{"count": count}); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkPost$", "-benchtime", "3s", "-count", strconv.Itoa(count), "./functions/internal/apigw")
	cmd.Stderr = os.Stderr
	var printed bytes.Buffer
	cmd.Stdout = &printed
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, printed.Bytes())
	}
	ratios, cpuRatios := map[string][]float64{}, map[string][]float64{}
	rows := [][]string{{"over", "ours posts/s", "bare posts/s", "ratio", "ours cpu us", "bare cpu us", "cpu ratio"}}
	for _, match := range benchLine.FindAllStringSubmatch(printed.String(), -1) {
		over, figures := match[1], figuresOf(match[2])
		ratios[over] = append(ratios[over], figures["ratio"])
		cpuRatios[over] = append(cpuRatios[over], figures["cpu-ratio"])
		rows = append(rows, []string{over, whole(figures["posts/s"]), whole(figures["bare/s"]), two(figures["ratio"]),
			whole(figures["cpu-us/post"]), whole(figures["cpu-us/bare"]), two(figures["cpu-ratio"])})
	}
	if len(ratios["http"]) == 0 || len(ratios["tls"]) == 0 {
		return errors.New("the benchmark printed no figures")
	}
	table(out, rows)
	fmt.Fprintf(out, "bench=post ratio=%s tls_ratio=%s cpu_ratio=%s tls_cpu_ratio=%s\n", two(median(ratios["http"])), two(median(ratios["tls"])),
		two(median(cpuRatios["http"])), two(median(cpuRatios["tls"])))
	return nil
}

var figure = regexp.MustCompile(`([0-9.e+-]+)\s+(\S+)`)

func figuresOf(line string) map[string]float64 {
	figures := map[string]float64{}
	for _, m := range figure.FindAllStringSubmatch(line, -1) {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			figures[m[2]] = v
		}
	}
	return figures
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }
func two(v float64) string   { return strconv.FormatFloat(v, 'f', 2, 64) }

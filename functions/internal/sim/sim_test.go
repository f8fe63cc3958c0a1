package sim

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	seeds = flag.Uint64("seeds", few, "how many seeds are run; with more than that, progress is shown")
	from  = flag.Uint64("from", 1, "the first of the seeds")
	one   = flag.Uint64("seed", 0, "the one seed that is run")
	where = flag.String("world", "", "the one world in which they are run: mastodon, wide, channels or tokens; default: each of them")
	storm = flag.String("storm", "", "the storm that all of these meet; default: what the seed decides")
	path  = flag.String("log", "", "a `file` for all that happened in the runs of the one seed; a relative one is in the folder of the package")
)

// TestMain runs TestSeeds alone if it is told which seeds.
func TestMain(m *testing.M) {
	flag.Parse()
	mustBe("world", *where, slices.Sorted(maps.Keys(scenes)))
	mustBe("storm", *storm, slices.Sorted(maps.Keys(storms)))
	if *crowded < 1 {
		fmt.Fprintf(os.Stderr, "-listeners %d: want 1 or more\n", *crowded)
		os.Exit(2)
	}
	if *path != "" && *one == 0 {
		fmt.Fprintln(os.Stderr, "-log is for one run: say -seed too")
		os.Exit(2)
	}
	told := false
	flag.Visit(func(f *flag.Flag) {
		told = told || slices.Contains([]string{"seeds", "from", "seed", "world", "storm"}, f.Name)
	})
	if told && flag.Lookup("test.run").Value.String() == "" {
		_ = flag.Set("test.run", "^TestSeeds$") // it is a pattern
	}
	goleak.VerifyTestMain(m)
}

// progress is the terminal, if there is one: go test shows a package's output when it has ended.
var progress = sync.OnceValue(func() io.Writer {
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		return tty
	}
	return os.Stdout
})

// mustBe ends the test with the names that there are, if the flag has another.
func mustBe(what, name string, names []string) {
	if name != "" && !slices.Contains(names, name) {
		fmt.Fprintf(os.Stderr, "there is no %s %q: there are %s\n", what, name, strings.Join(names, ", "))
		os.Exit(2)
	}
}

func TestSeeds(t *testing.T) {
	if *one != 0 {
		runOne(t)
		return
	}
	all := &runs{began: time.Now()}
	t.Run("of", func(t *testing.T) {
		for n := range uint64(runtime.GOMAXPROCS(0)) {
			t.Run(fmt.Sprint("worker ", n), func(t *testing.T) {
				t.Parallel()
				all.run(t, *from+n, *from+*seeds, uint64(runtime.GOMAXPROCS(0)))
			})
		}
	})
	t.Log(all.all())
}

// worlds are those in which each seed is run.
func worlds() []string {
	if *where != "" {
		return []string{*where}
	}
	return slices.Sorted(maps.Keys(scenes))
}

// runOne runs the one seed, and writes what happened to the file, if one is named.
func runOne(t *testing.T) {
	var happened strings.Builder
	for _, scene := range worlds() {
		w := simulate(t, *one, options{storm: *storm, scene: scene})
		report(t, w)
		happened.WriteString(w.String())
	}
	if *path == "" {
		return
	}
	if err := os.WriteFile(*path, []byte(happened.String()), 0o600); err != nil {
		t.Error(err)
	}
}

// run runs the seeds from one to another, at that distance.
func (r *runs) run(t *testing.T, from, to, step uint64) {
	for seed := from; seed < to; seed += step {
		for _, scene := range worlds() {
			w := simulate(t, seed, options{storm: *storm, scene: scene})
			report(t, w)
			if r.add(w) >= 5 {
				t.Fatal("and so on")
			}
		}
	}
}

func TestStorms(t *testing.T) {
	for name := range storms {
		t.Run(name, func(t *testing.T) {
			all := &runs{began: time.Now()}
			for seed := uint64(1); seed <= few/7; seed++ {
				for _, scene := range worlds() {
					w := simulate(t, seed, options{storm: name, scene: scene})
					report(t, w)
					all.add(w)
				}
			}
			t.Log(all.String())
		})
	}
}

// runs is how many there were, and of what kind.
type runs struct {
	mu          sync.Mutex
	ran, failed int
	began       time.Time
	tally
}

// add counts a run, and shows progress where there are many. It returns how many have failed.
func (r *runs) add(w *world) (failed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ran++; r.ran%100 == 0 && *seeds > few {
		defer func() { fmt.Fprintln(progress(), r) }()
	}
	if len(w.wrong) > 0 {
		r.failed++
	}
	r.arrivals += w.arrivals
	r.due += w.due
	for what, n := range w.seen {
		if r.seen == nil {
			r.seen = map[string]int{}
		}
		r.seen[what] += n
	}
	return r.failed
}

func (r *runs) String() string {
	return fmt.Sprintf("%d runs in %v, %d failed: %d events were due, %d frames came", r.ran,
		time.Since(r.began).Round(100*time.Millisecond), r.failed, r.due, r.arrivals)
}

// all is String and what was seen.
func (r *runs) all() string {
	var b strings.Builder
	fmt.Fprintln(&b, r)
	for _, what := range slices.Sorted(maps.Keys(r.seen)) {
		fmt.Fprintf(&b, "%8d × %s\n", r.seen[what], what)
	}
	return b.String()
}

// report fails the test if something went wrong, with the last of what concerns it.
func report(t *testing.T, w *world) {
	t.Helper()
	if len(w.wrong) == 0 {
		return
	}
	t.Errorf("%s, seed %d %s: %d things are wrong, the first of them:\n%v\n\n%s", w.name, w.seed, w.storm, len(w.wrong), w.wrong[0], w.tail(w.wrong[0], 60))
}

// The same seed is the same run.
func TestARunDependsOnItsSeedAlone(t *testing.T) {
	for name := range scenes {
		for seed := uint64(1); seed <= 6; seed++ {
			o := options{scene: name}
			first, second := simulate(t, seed, o).String(), simulate(t, seed, o).String()
			if first != second {
				t.Fatalf("%s, seed %d: two runs differ from here on:\n%s", name, seed, difference(first, second))
			}
		}
	}
}

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return strings.Join(x[max(0, i-3):min(i+4, len(x))], "\n") + "\nor\n" + strings.Join(y[i:min(i+4, len(y))], "\n")
		}
	}
	return ""
}

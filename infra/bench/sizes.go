package main

import (
	"archive/zip"
	"context"
	"edgestream/infra/local/template"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const sizesHelp = `What each function takes: its package and program, and its memory beside its MemorySize.

Builds the functions of template.yaml the way that the template's build does. "zip" is what is
uploaded, "after init" what is resident a moment after the function has asked for its first event,
when the system's roots are loaded too. "peak" is the most that was resident in a process of
infra/local while functions did their work: --listeners connect and subscribe; two hundred statuses
are published to all of them, through the queue, and a notification to each; a stream of server-sent
events, a channel with a webhook, a revocation, a sweep, the console. AWS is not called over TLS there.
"share" is the larger of the two over MemorySize; the last line's ratio is the highest. Linux only.`

type sizesFlags struct {
	template  string
	listeners int
}

func defineSizes(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f sizesFlags
	fs.StringVar(&f.template, "template", "template.yaml", "the SAM `file`")
	fs.IntVar(&f.listeners, "listeners", 200, "WebSocket connections, at least 2")
	return func(ctx context.Context, out io.Writer) error { return sizes(ctx, out, f) }
}

func sizes(ctx context.Context, out io.Writer, flags sizesFlags) error {
	if err := atLeast(2, map[string]int{"listeners": flags.listeners}); err != nil {
		return err
	}
	deployed, err := template.Load(flags.template, template.Options{Parameters: optional})
	if err != nil {
		return err
	}
	peaks, err := workAll(ctx, flags.listeners)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-sizes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows := [][]string{{"function", "zip MB", "program MB", "after init MB", "peak MB", "MemorySize MB", "share"}}
	var worst float64
	for _, f := range deployed.Functions {
		row, share, err := sizeOf(ctx, dir, f, peaks)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		rows, worst = append(rows, row), max(worst, share)
	}
	table(out, rows)
	fmt.Fprintf(out, "bench=sizes ratio=%s\n", two(worst))
	return nil
}

func sizeOf(ctx context.Context, dir string, f template.Function, peaks map[string]float64) (row []string, share float64, err error) {
	p, err := buildProgram(ctx, dir, f.Name, f.CodeURI)
	if err != nil {
		return nil, 0, err
	}
	zipped, err := zipSize(p.path)
	if err != nil {
		return nil, 0, err
	}
	p.env = maps.Clone(f.Environment)
	// Over TLS, as on Lambda, though nobody answers: the system's roots are loaded.
	for _, service := range []string{"DYNAMODB", "LAMBDA", "SQS"} {
		p.env["AWS_ENDPOINT_URL_"+service] = "https://127.0.0.1:9"
	}
	idle, err := p.idleMemory(ctx)
	if err != nil {
		return nil, 0, err
	}
	peak, ok := peaks[f.Name]
	if !ok {
		return nil, 0, fmt.Errorf("it had nothing to do")
	}
	share = max(peak, idle) / float64(f.MemoryMB)
	return []string{f.Name, megabytes(zipped), p.megabytes(), megabytes(idle), megabytes(peak), fmt.Sprint(f.MemoryMB), two(share)}, share, nil
}

func megabytes(mb float64) string { return fmt.Sprintf("%.1f", mb) }

// zipSize is how large the program is in a function's package, in megabytes.
func zipSize(program string) (float64, error) {
	b, err := os.ReadFile(program)
	if err != nil {
		return 0, err
	}
	var size counter
	z := zip.NewWriter(&size)
	w, err := z.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(b); err != nil {
		return 0, err
	}
	return float64(size) / 1e6, z.Close()
}

// counter counts what is written.
type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// idleMemory is what is resident in megabytes when the function waits for its first event.
func (p program) idleMemory(ctx context.Context) (mb float64, err error) {
	_, err = p.start(ctx, func(cmd *exec.Cmd) {
		time.Sleep(500 * time.Millisecond) // what it does in the background is over
		mb = procMemory(cmd.Process.Pid, "VmRSS")
	})
	return mb, err
}

// procMemory is a field of proc_pid_status(5), in megabytes: VmRSS is what is resident, VmHWM the most
// that was.
func procMemory(pid int, field string) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, field+": %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// functionOf is the function that a program of infra/local is: its folder is named for it.
func functionOf(program string) string {
	folder := filepath.Base(filepath.Dir(program))
	return folder[:max(0, strings.LastIndexByte(folder, '-'))]
}

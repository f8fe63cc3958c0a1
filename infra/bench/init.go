package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"edgestream/infra/local/template"
)

const initHelp = `The start of each function: process start to its first request for an event.

Builds the functions of template.yaml and a hello of aws-lambda-go the way that the template's
build does, then starts them in turn (hello, function, hello, …) against a Lambda Runtime API
that only takes the time. Functions that the template has only if asked (the console page) are in.
Shown are medians; the ratio is function over hello in the same round. The last line's ratio is the
worst function's, and above are the functions whose ratio is over --limit.`

func defineInit(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f initFlags
	fs.IntVar(&f.runs, "runs", 60, "starts of each program")
	fs.StringVar(&f.template, "template", "template.yaml", "the SAM `file`")
	fs.Float64Var(&f.limit, "limit", 1.25, "the `ratio` above which a function is named")
	return func(ctx context.Context, out io.Writer) error { return measureInit(ctx, out, f) }
}

type initFlags struct {
	runs     int
	template string
	limit    float64
}

// optional turns on what the template leaves out by default.
var optional = map[string]string{"Console": "on"}

func measureInit(ctx context.Context, out io.Writer, flags initFlags) error {
	if err := atLeast(1, map[string]int{"runs": flags.runs}); err != nil {
		return err
	}
	deployed, err := template.Load(flags.template, template.Options{Parameters: optional})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-init-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows := [][]string{{"function", "binary MB", "start ms", "hello ms", "ratio"}}
	hello, err := buildProgram(ctx, dir, "hello", filepath.Join(filepath.Dir(deployed.Path), "infra", "bench", "hello"))
	if err != nil {
		return err
	}
	worst, above := 0.0, []string{}
	for _, f := range deployed.Functions {
		p, err := buildProgram(ctx, dir, f.Name, f.CodeURI)
		if err != nil {
			return err
		}
		p.env = f.Environment
		start, base, ratio, err := compareStarts(ctx, p, hello, flags.runs)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		worst = max(worst, ratio)
		if ratio > flags.limit {
			above = append(above, f.Name)
		}
		rows = append(rows, []string{f.Name, p.megabytes(), two(start), two(base), two(ratio)})
	}
	table(out, rows)
	fmt.Fprintf(out, "bench=init ratio=%s above=%s\n", two(worst), strings.Join(above, ","))
	return nil
}

// program is a built function.
type program struct {
	path string
	env  map[string]string
}

func buildProgram(ctx context.Context, dir, name, source string) (program, error) {
	p := program{path: filepath.Join(dir, name)}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags", "lambda.norpc", "-o", p.path, ".")
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	if printed, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("building %s: %w\n%s", source, err, printed)
	}
	return p, nil
}

func (p program) megabytes() string {
	info, err := os.Stat(p.path)
	if err != nil {
		return "?"
	}
	return fmt.Sprintf("%.1f", float64(info.Size())/1e6)
}

// compareStarts starts a and b in turn and returns the medians in milliseconds, and the median
// of their ratios round by round.
func compareStarts(ctx context.Context, a, b program, runs int) (start, base, ratio float64, err error) {
	var as, bs, ratios []float64
	for range runs + 1 { // the first round only warms the disk's cache
		one, err := startTime(ctx, a)
		if err != nil {
			return 0, 0, 0, err
		}
		other, err := startTime(ctx, b)
		if err != nil {
			return 0, 0, 0, err
		}
		as, bs, ratios = append(as, one), append(bs, other), append(ratios, one/other)
	}
	return median(as[1:]), median(bs[1:]), median(ratios[1:]), nil
}

// startTime is the milliseconds from starting the program to its first …/invocation/next.
func startTime(ctx context.Context, p program) (float64, error) {
	return p.start(ctx, func(*exec.Cmd) {})
}

// start starts the program, calls waiting when it has asked for its first event, and kills it. It returns
// the milliseconds until it asked.
func (p program) start(ctx context.Context, waiting func(*exec.Cmd)) (float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	asked := make(chan time.Time, 1)
	api := &http.Server{Handler: noEvents(asked)}
	go api.Serve(listener)
	defer api.Close()
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Env = p.environment(listener.Addr().String())
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &printed
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-asked:
		waiting(cmd)
		cmd.Process.Kill()
		<-ended
		return float64(at.Sub(began).Microseconds()) / 1000, nil
	case err := <-ended:
		return 0, fmt.Errorf("it ended (%v) before it asked for an event: %s", err, printed.String())
	}
}

// noEvents is a Lambda Runtime API that says when it was first asked for an event, and has none.
func noEvents(asked chan<- time.Time) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			select {
			case asked <- time.Now():
			default:
			}
			<-r.Context().Done()
		}
	})
}

// environment is what Lambda gives a function, as far as its start depends on it.
func (p program) environment(runtimeAPI string) []string {
	env := []string{"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local", "_HANDLER=bootstrap",
		"AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:9", "AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9", "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:9"}
	for name, value := range p.env {
		env = append(env, name+"="+value)
	}
	return env
}

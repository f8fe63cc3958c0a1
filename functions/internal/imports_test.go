// Package internal_test guards which way imports point.
package internal_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "edgestream/"

// The packages under functions/internal that are not adapters. Every other one is taken for an
// adapter, or for tests if its name ends in "test".
var (
	// domain knows neither AWS nor HTTP, and imports the domain alone.
	domain = []string{"stream", "quote", "mastodon", "pusher", "httpapi", "cloudapp", "publish", "lease", "greet", "replay", "history", "enforce", "sweep", "viewer", "hook", "connectiontest", "historytest", "pushertest", "sim"}
	// setup puts adapters together for mains, which alone use it.
	setup = []string{"publishing"}
	// foundation is what adapters share; it imports the foundation alone.
	foundation = []string{"env", "functionurl", "sign", "awscall", "awsenv", "metric", "table"}
)

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// packages are all of the module's packages, with what their code, not their tests, imports.
func packages(t *testing.T) []pkg {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", module+"...")
	command.Dir = "../.."
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(out); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImportsPointOneWay(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		name, isInternal := strings.CutPrefix(path, "functions/internal/")
		switch {
		case isInternal:
			checkInternal(t, name, p)
			checked++
		case strings.HasPrefix(path, "functions/"):
			checkMain(t, p)
			checked++
		case strings.HasPrefix(path, "infra/"):
			checkInfra(t, p)
			checked++
		}
	}
	if checked < 10 {
		t.Errorf("only %d packages were found", checked)
	}
}

func checkInternal(t *testing.T, name string, p pkg) {
	switch {
	case slices.Contains(domain, name):
		mayImport(t, p, domain)
		mustNotDepend(t, p, "net/http", "github.com/aws/")
	case slices.Contains(foundation, name):
		mayImport(t, p, foundation)
	case slices.Contains(setup, name):
		checkMain(t, p)
	case !strings.HasSuffix(name, "test"):
		mayImport(t, p, slices.Concat(domain, foundation)) // so no adapter imports another
	}
}

// mayImport fails if p imports a package of the module other than these of functions/internal.
func mayImport(t *testing.T, p pkg, names []string) {
	t.Helper()
	for _, imported := range p.Imports {
		path, isOwn := strings.CutPrefix(imported, module)
		if isOwn && !slices.Contains(names, strings.TrimPrefix(path, "functions/internal/")) {
			t.Errorf("%s must not import %s", p.ImportPath, imported)
		}
	}
}

// mustNotDepend fails if p imports, itself or through others, a package with such a path.
func mustNotDepend(t *testing.T, p pkg, prefixes ...string) {
	t.Helper()
	for _, dependency := range p.Deps {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(dependency, prefix) }) {
			t.Errorf("%s must not depend on %s", p.ImportPath, dependency)
		}
	}
}

// checkMain keeps the SDK's clients of services out of the functions: see package awscall.
func checkMain(t *testing.T, p pkg) {
	mustNotDepend(t, p, "github.com/aws/aws-sdk-go-v2/service/", module+"infra/")
}

// checkInfra keeps infra to AWS's contracts: it would run any stack of this shape.
func checkInfra(t *testing.T, p pkg) { mustNotDepend(t, p, module+"functions/") }

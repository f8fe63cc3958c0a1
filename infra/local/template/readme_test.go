package template

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// readmeRow is a row of the table of parameters: name, default, values.
var readmeRow = regexp.MustCompile("(?m)^\\| (`\\w+`(?:, `\\w+`)*) \\| (.*?) \\| (.*?) \\| .+ \\|$")

// TestTheReadmeHasEveryParameterWithItsDefaultAndItsValues holds the README against the template.
func TestTheReadmeHasEveryParameterWithItsDefaultAndItsValues(t *testing.T) {
	var file struct {
		Parameters map[string]struct {
			Default        string   `yaml:"Default"`
			MinValue       string   `yaml:"MinValue"`
			MaxValue       string   `yaml:"MaxValue"`
			AllowedPattern string   `yaml:"AllowedPattern"`
			AllowedValues  []string `yaml:"AllowedValues"`
		} `yaml:"Parameters"`
	}
	read(t, deployed, func(text []byte) error { return yaml.Unmarshal(text, &file) })
	rows := map[string][2]string{}
	read(t, "../../../README.md", func(text []byte) error {
		for _, row := range readmeRow.FindAllStringSubmatch(string(text), -1) {
			for name := range strings.SplitSeq(row[1], ", ") {
				rows[strings.Trim(name, "`")] = [2]string{strings.ReplaceAll(row[2], "`", ""), strings.ReplaceAll(row[3], "`", "")}
			}
		}
		return nil
	})
	if len(file.Parameters) == 0 {
		t.Error("the template has no parameters")
	}
	for name, p := range file.Parameters {
		got, listed := rows[name]
		want := [2]string{p.Default, strings.Join(p.AllowedValues, ", ")}
		switch {
		case p.MinValue != "":
			want[1] = p.MinValue + "–" + p.MaxValue
		case p.AllowedPattern != "":
			want = [2]string{"none", got[1]} // in words
		}
		if first, last, cut := strings.Cut(got[1], " … "); cut && strings.HasPrefix(want[1], first) && strings.HasSuffix(want[1], last) {
			got[1] = want[1]
		}
		if !listed || got != want {
			t.Errorf("%s: the README has %q, the template %q", name, got, want)
		}
	}
}

func read(t *testing.T, path string, how func([]byte) error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = how(text)
	}
	if err != nil {
		t.Fatal(err)
	}
}

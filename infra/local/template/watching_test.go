package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// watching is what the deployed template has of CloudWatch, as it is written.
func watching(t *testing.T) (dashboard, alarms string) {
	t.Helper()
	text, err := os.ReadFile(deployed)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Resources map[string]yaml.Node `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, res := range document.Resources {
		properties := property(&res, "Properties")
		switch property(&res, "Type").Value {
		case "AWS::CloudWatch::Dashboard":
			dashboard = property(properties, "DashboardBody").Content[0].Value
		case "AWS::CloudWatch::Alarm":
			out, err := yaml.Marshal(properties)
			if err != nil {
				t.Fatal(err)
			}
			alarms += string(out)
		}
	}
	return dashboard, alarms
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z:.]+)\}`)

// A dashboard's body is a text to CloudFormation, so that a comma too many shows when it is deployed. A
// metric is its name and its dimensions, whatever statistics of it are shown.
func TestTheDashboardIsJSONAndSmallEnoughToBeFree(t *testing.T) {
	format, _ := watching(t)
	for _, optional := range []*strings.Replacer{
		strings.NewReplacer("${MastodonClients}", "", "${MastodonErrors}", "", "${PusherErrors}", ""),
		strings.NewReplacer("${MastodonClients}", `,["more", "1"]`, "${MastodonErrors}", `,["more", "2"],["more", "3"]`, "${PusherErrors}", `,["more", "4"],["more", "5"]`),
	} {
		body := placeholder.ReplaceAllString(optional.Replace(format), "$1")
		var dashboard struct {
			Widgets []struct {
				Properties struct {
					Title   string
					Metrics [][]any
				}
			}
		}
		decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
		if err := decoder.Decode(&dashboard); err != nil {
			t.Fatalf("%v in\n%s", err, body)
		}
		metrics := map[string]bool{}
		for _, w := range dashboard.Widgets {
			for _, m := range w.Properties.Metrics {
				metrics[fmt.Sprint(slices.DeleteFunc(m, func(part any) bool { _, isName := part.(string); return !isName }))] = true
			}
			if len(w.Properties.Metrics) == 0 || w.Properties.Title == "" {
				t.Errorf("a widget without metrics or title: %+v", w)
			}
		}
		if n := len(metrics); n > 50 || len(dashboard.Widgets) < 8 {
			t.Errorf("%d metrics in %d widgets; 50 are free", n, len(dashboard.Widgets))
		}
	}
}

// The description of the parameter says what alarms cost.
func TestAlarmsHaveTwentyFiveMetrics(t *testing.T) {
	_, alarms := watching(t)
	if n := strings.Count(alarms, "MetricName:"); n != 25 {
		t.Errorf("%d metrics in alarms", n)
	}
}

// A name that no function writes would be an alarm that never rings.
func TestWhatIsWatchedIsWritten(t *testing.T) {
	source := sources(t)
	dashboard, alarms := watching(t)
	shown := regexp.MustCompile(`"Edgestream", "(\w+)"`).FindAllStringSubmatch(dashboard, -1)
	watched := regexp.MustCompile(`(?s)Namespace: Edgestream\s+MetricName: (\w+)`).FindAllStringSubmatch(alarms, -1)
	if len(shown) < 10 || len(watched) < 3 {
		t.Fatalf("%d shown, %d watched", len(shown), len(watched))
	}
	for _, name := range append(shown, watched...) {
		if !strings.Contains(source, `("`+name[1]+`", `) {
			t.Errorf("no function writes the metric %s", name[1])
		}
	}
}

// Reads metrics as Prometheus does and judges them as `promtool check metrics`
// does, and a file of alerts as `promtool check rules` does, from the same
// packages; promtool itself would bring every cloud's client with it.
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/prometheus/model/rulefmt"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail("%v", err)
	}
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		fail("metrics: %v", err)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		fail("lint: %v", err)
	}
	for _, problem := range problems {
		fail("%s: %s", problem.Metric, problem.Text)
	}
	groups, errs := rulefmt.ParseFile(os.Args[2], false)
	for _, err := range errs {
		fail("rules: %v", err)
	}
	rules := 0
	for _, group := range groups.Groups {
		rules += len(group.Rules)
	}
	fmt.Printf("%d metric families, %d rules\n", len(families), rules)
}

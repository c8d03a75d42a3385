// Reads what the command line writes for other programs, with other people's
// readers: SARIF against the OASIS schema that go-sarif carries and with
// go-sarif's own model, JUnit with the parser of go-junit. Prints what it read
// as one line of JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/joshdk/go-junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/xeipuuv/gojsonschema"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type sarifRead struct {
	Results int      `json:"results"`
	Rules   int      `json:"rules"`
	Paths   []string `json:"paths"`
}

// The bytes themselves: go-sarif's own Validate looks at what its model kept.
func validate(path, schema string) {
	rules, err := os.ReadFile(schema)
	fail(err)
	text, err := os.ReadFile(path)
	fail(err)
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(rules), gojsonschema.NewBytesLoader(text))
	fail(err)
	for _, wrong := range result.Errors() {
		fmt.Fprintln(os.Stderr, wrong.String())
	}
	if !result.Valid() {
		fail(errors.New("not what the schema says"))
	}
}

func readSarif(path, schema string) sarifRead {
	validate(path, schema)
	log, err := sarif.Open(path, sarif.WithStrictValidation())
	fail(err)
	read := sarifRead{}
	for _, run := range log.Runs {
		read.Results += len(run.Results)
		read.Rules += len(run.Tool.Driver.Rules)
		for _, result := range run.Results {
			read.Paths = append(read.Paths, *result.Locations[0].PhysicalLocation.ArtifactLocation.URI)
		}
	}
	return read
}

type junitRead struct {
	Tests   int `json:"tests"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Errors  int `json:"errors"`
	Skipped int `json:"skipped"`
}

func readJunit(path string) junitRead {
	suites, err := junit.IngestFile(path)
	fail(err)
	read := junitRead{}
	for _, suite := range suites {
		read.Tests += suite.Totals.Tests
		read.Passed += suite.Totals.Passed
		read.Failed += suite.Totals.Failed
		read.Errors += suite.Totals.Error
		read.Skipped += suite.Totals.Skipped
	}
	return read
}

func main() {
	var read any
	if os.Args[1] == "sarif" {
		read = readSarif(os.Args[2], os.Args[3])
	} else {
		read = readJunit(os.Args[2])
	}
	fail(json.NewEncoder(os.Stdout).Encode(read))
}

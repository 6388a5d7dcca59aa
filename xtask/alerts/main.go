// Tests alert rules: alerts TEST-FILE.
//
// The test file has the form of `promtool test rules`, of which this is a part, with Prometheus' own engine and rule manager but
// without everything else that promtool is linked with. Beside `alert_rule_test` a test may have `silent_at`: times at which nothing
// fires. Every alert of the rules must fire in some test.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"
)

type testFile struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	Tests              []test         `yaml:"tests"`
}

type test struct {
	Name     string           `yaml:"name"`
	Interval model.Duration   `yaml:"interval"`
	Series   []series         `yaml:"input_series"`
	SilentAt []model.Duration `yaml:"silent_at"`
	Alerts   []expectation    `yaml:"alert_rule_test"`
}

type series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type expectation struct {
	At     model.Duration `yaml:"eval_time"`
	Alert  string         `yaml:"alertname"`
	Alerts []alert        `yaml:"exp_alerts"`
}

type alert struct {
	Labels map[string]string `yaml:"exp_labels"`
	// Compared where a test gives any.
	Annotations map[string]string `yaml:"exp_annotations"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: alerts TEST-FILE")
		os.Exit(2)
	}
	failures, err := run(os.Args[1])
	if err != nil {
		failures = append(failures, err.Error())
	}
	for _, failure := range failures {
		fmt.Fprintln(os.Stderr, failure)
	}
	if len(failures) > 0 {
		os.Exit(1)
	}
}

func run(path string) ([]string, error) {
	text, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	decoder := yaml.NewDecoder(text)
	// A misspelt field would be a test that says nothing.
	decoder.KnownFields(true)
	var file testFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var ruleFiles []string
	for _, name := range file.RuleFiles {
		ruleFiles = append(ruleFiles, filepath.Join(filepath.Dir(path), name))
	}
	var failures []string
	known, fired := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		found, err := test.run(time.Duration(file.EvaluationInterval), ruleFiles, known, fired)
		if err != nil {
			return failures, fmt.Errorf("%q: %w", test.Name, err)
		}
		for _, failure := range found {
			failures = append(failures, fmt.Sprintf("%q: %s", test.Name, failure))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !fired[name] {
			failures = append(failures, fmt.Sprintf("alert %s fires in no test", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		if !known[name] {
			failures = append(failures, fmt.Sprintf("no rule is called %s", name))
		}
	}
	fmt.Printf("%d alerts, %d tests\n", len(known), len(file.Tests))
	return failures, nil
}

func (t test) run(every time.Duration, ruleFiles []string, known, fired map[string]bool) ([]string, error) {
	load := fmt.Sprintf("load %s\n", t.Interval)
	for _, series := range t.Series {
		load += fmt.Sprintf("  %s %s\n", series.Series, series.Values)
	}
	loader, err := promqltest.NewLazyLoader(load, promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(loader.QueryEngine(), loader.Storage()),
		AppendableV2: loader.Storage(),
		Queryable:    loader.Storage(),
		Context:      context.Background(),
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
	})
	groups, errs := manager.LoadGroups(every, labels.EmptyLabels(), "", nil, false, ruleFiles...)
	if len(errs) > 0 {
		return nil, fmt.Errorf("rules: %v", errs)
	}
	alerting := map[string]*rules.AlertingRule{}
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			alerting[rule.Name()] = rule
			known[rule.Name()] = true
		}
	}

	looks := slices.Clone(t.SilentAt)
	for _, expected := range t.Alerts {
		looks = append(looks, expected.At)
		fired[expected.Alert] = fired[expected.Alert] || len(expected.Alerts) > 0
	}
	if len(looks) == 0 {
		return nil, errors.New("it looks at nothing")
	}
	for _, at := range looks {
		// Rules are evaluated at multiples only, so that nobody would look then.
		if every <= 0 || time.Duration(at)%every != 0 {
			return nil, fmt.Errorf("%s is no multiple of the evaluation interval %s", at, every)
		}
	}
	end := time.Duration(slices.Max(looks))
	var failures []string
	for at := time.Duration(0); at <= end; at += every {
		now := time.Unix(0, 0).UTC().Add(at)
		var evaluation error
		loader.WithSamplesTill(now, func(err error) {
			evaluation = err
			if err != nil {
				return
			}
			for _, group := range groups {
				group.Eval(loader.Context(), now)
				for _, rule := range group.Rules() {
					if rule.LastError() != nil {
						evaluation = fmt.Errorf("%s: %w", rule.Name(), rule.LastError())
					}
				}
			}
		})
		if evaluation != nil {
			return nil, evaluation
		}
		if slices.Contains(t.SilentAt, model.Duration(at)) {
			for _, name := range slices.Sorted(maps.Keys(alerting)) {
				if is := firing(alerting[name], nil); len(is) > 0 {
					failures = append(failures, fmt.Sprintf("at %s %s fires: %s", at, name, strings.Join(is, "; ")))
				}
			}
		}
		for _, expected := range t.Alerts {
			if time.Duration(expected.At) == at {
				failures = append(failures, expected.compare(alerting[expected.Alert])...)
			}
		}
	}
	return failures, nil
}

func (e expectation) compare(rule *rules.AlertingRule) []string {
	if rule == nil {
		return []string{fmt.Sprintf("no rule is called %s", e.Alert)}
	}
	var should []string
	annotated := map[string]bool{}
	for _, expected := range e.Alerts {
		labels := words(expected.Labels)
		annotated[labels] = expected.Annotations != nil
		if annotated[labels] {
			labels += " " + words(expected.Annotations)
		}
		should = append(should, labels)
	}
	slices.Sort(should)
	is := firing(rule, annotated)
	if slices.Equal(should, is) {
		return nil
	}
	return []string{fmt.Sprintf("at %s %s should fire as\n  %s\nand fires as\n  %s", e.At, e.Alert, strings.Join(should, "\n  "), strings.Join(is, "\n  "))}
}

// What fires, with the annotations of those that a test names.
func firing(rule *rules.AlertingRule, annotated map[string]bool) []string {
	var all []string
	for _, active := range rule.ActiveAlerts() {
		if active.State != rules.StateFiring {
			continue
		}
		labels := active.Labels.Map()
		delete(labels, "alertname")
		text := words(labels)
		if annotated[text] {
			text += " " + words(active.Annotations.Map())
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

func words(labels map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, fmt.Sprintf("%s=%q", name, labels[name]))
	}
	return "{" + strings.Join(all, ", ") + "}"
}

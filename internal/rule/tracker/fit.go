package tracker

import (
	"slices"
	"strings"
)

// State is how a campaign's URL and a tracker come together.
type State uint8

const (
	// Lacking: no parameter of the URL carries the click id.
	Lacking State = iota
	// There: the parameter that the tracker takes up carries it.
	There
	// Elsewhere: another one does, and the tracker can be told to take that one.
	Elsewhere
	// Fixed: another one does, and the tracker takes its own only.
	Fixed
	// Unsure: another one does, and whether the tracker can be told is not known.
	Unsure
)

// Fit is what has to be done so that a tracker takes up the click id of a
// campaign.
type Fit struct {
	State State
	// Name is the parameter that carries the click id; empty if none does.
	Name string
	// URL is what the campaign's has to be where the tracker keeps its name: the
	// URL as it is if nothing has to be changed.
	URL string
}

// Fit reads a campaign's URL before anything is asked of it: most have the click
// id in them already, under a name that the tracker can be told.
func (t *Template) Fit(url string) Fit {
	carriers := Carriers(url)
	f := Fit{Name: t.Param.Text, URL: url}
	switch {
	case t.Param.Known() && (slices.Contains(carriers, f.Name) || t.Append(url) == url):
		f.State = There
		return f
	case len(carriers) == 0:
		f.State, f.Name = Lacking, ""
	case t.Free != "":
		f.State, f.Name = Elsewhere, carriers[0]
		return f
	case t.Param.Confidence != Verified:
		f.State, f.Name = Unsure, carriers[0]
	default:
		f.State, f.Name = Fixed, carriers[0]
	}
	f.URL = t.Append(url)
	return f
}

// Carriers are the parameters of a campaign's URL whose value is the click id and
// nothing else, in their order. One that stands there twice is none: which of the
// two is taken, nobody knows. What follows the # reaches no tracker.
func Carriers(url string) (names []string) {
	head, _ := cutFragment(url)
	_, query, _ := strings.Cut(head, "?")
	given := map[string]int{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		given[name]++
		if paramName.MatchString(name) && isClickMacro(value) {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return given[name] > 1 })
}

// paramPlace stands in the steps for the name of the parameter.
const paramPlace = "{param}"

// StepsWith are the steps where the parameter has this name.
func (t *Template) StepsWith(name string) (steps []string) {
	for _, s := range t.Steps {
		steps = append(steps, strings.ReplaceAll(s, paramPlace, name))
	}
	return steps
}

package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a bare machine has no zones of its own

	"homing"
	"homing/internal/engine/warehouse"
)

// params reads parameters and gathers what is wrong with them. A parameter that
// is empty was left blank in a form, and counts as not given.
type params struct {
	values map[string][]string
	faults Faults
}

// paramsOf looks at the names. Those in many may be repeated.
func paramsOf(values map[string][]string, known []string, many ...string) *params {
	p := &params{values: values}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			p.faults.unknown(name, "parameter", name, known)
		case len(given) > 1 && !slices.Contains(many, name):
			p.faults.add(name, "given twice: give it once")
		}
	}
	return p
}

func (p *params) one(name string) string {
	if given := p.values[name]; len(given) > 0 {
		return given[0]
	}
	return ""
}

// list reads names with commas between them.
func (p *params) list(name string) (names []string) {
	text := p.one(name)
	if text == "" {
		return nil
	}
	for _, one := range strings.Split(text, ",") {
		one = strings.TrimSpace(one)
		switch {
		case one == "":
			p.faults.add(name, "there is nothing between two commas")
		case slices.Contains(names, one):
			p.faults.add(name, "%s is given twice", quote(one))
		default:
			names = append(names, one)
		}
	}
	return names
}

// choice reads one of a few words; empty if none is given.
func (p *params) choice(name, what string, allowed ...string) string {
	text := p.one(name)
	if text == "" || slices.Contains(allowed, text) {
		return text
	}
	p.faults.unknown(name, what, text, allowed)
	return ""
}

// count reads a number from 1 to most; 0 if none is given.
func (p *params) count(name string, most int) int {
	text := p.one(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n < 1 || n > uint64(most) {
		p.faults.add(name, "%s is no number from 1 to %d", quote(text), most)
		return 0
	}
	return int(n)
}

// zone reads the name of a time zone.
func (p *params) zone(standard *time.Location) *time.Location {
	if standard == nil {
		standard = time.UTC
	}
	text := p.one("tz")
	if text == "" {
		return standard
	}
	if location, err := homing.LoadZone(text); err == nil {
		return location
	}
	p.faults.unknown("tz", "time zone", text, nil)
	fault := &p.faults.List[len(p.faults.List)-1]
	if meant := nearest(text, usualZones); meant != "" {
		fault.Problem += ": did you mean " + meant + "?"
	} else {
		fault.Problem += ": want UTC or an IANA name, such as Europe/Berlin"
	}
	return standard
}

// usualZones are suggested to those who mistype; all others are known as well.
var usualZones = strings.Fields(`UTC Europe/London Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam Europe/Vienna
	Europe/Zurich Europe/Warsaw Europe/Prague Europe/Stockholm Europe/Athens Europe/Kyiv Europe/Istanbul Europe/Moscow Europe/Lisbon
	America/New_York America/Chicago America/Denver America/Los_Angeles America/Toronto America/Sao_Paulo America/Mexico_City
	America/Bogota America/Argentina/Buenos_Aires Asia/Dubai Asia/Kolkata Asia/Bangkok Asia/Jakarta Asia/Singapore Asia/Hong_Kong
	Asia/Shanghai Asia/Tokyo Asia/Seoul Asia/Manila Asia/Jerusalem Africa/Cairo Africa/Lagos Africa/Johannesburg Africa/Nairobi
	Australia/Sydney Australia/Perth Pacific/Auckland`)

func dimensionNames() (names []string) {
	for d := range warehouse.Dimension(warehouse.DimensionCount) {
		names = append(names, d.String())
	}
	return names
}

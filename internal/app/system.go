package app

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/system"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/warehouse"
)

// health tells the panel's system page how everything is doing. It waits for
// nothing.
func (s *server) health() system.Health {
	h := s.house
	status := h.reporting.warehouse.Status()
	told := system.Health{
		Version: Version, Notices: h.reporting.loader.Notices(),
		Parts:    []system.Part{s.doorsPart(), s.ledgerPart(), s.spoolPart(), s.warehousePart(&status)},
		Versions: s.versions(&status), Retention: s.retention(), Failures: s.watch.Failures(0),
	}
	if m := h.member; m != nil {
		told.Parts = append(told.Parts, nodesPart(m.presence, homing.MillisOf(s.clock())))
	}
	if state, known := s.disk.Last(); known {
		told.Disk = &state
	}
	if last := h.backups.last.Load(); last != nil {
		told.Backup = &system.Backup{At: last.at, What: last.what}
	}
	for _, c := range s.certificates() {
		told.Certificates = append(told.Certificates, system.Certificate{
			Listener: c.listener, File: c.File, Subject: c.Subject, Issuer: c.Issuer, Names: c.Names, Ends: c.Ends,
			SelfSigned: c.SelfSigned, Ours: c.Ours,
		})
	}
	told.Parts = append(told.Parts, s.placesPart())
	for _, i := range status.Incidents {
		told.Incidents = append(told.Incidents, system.Incident{From: i.From, Until: i.Until, Part: "Warehouse", What: i.What})
	}
	return told
}

// versions are those of what homing is made of.
func (s *server) versions(status *warehouse.Status) []system.Fact {
	list := []system.Fact{{Label: "homing", Value: Version}}
	if commit := Commit(); commit != "" {
		list = append(list, system.Fact{Label: "Source", Value: commit[:min(len(commit), 12)]})
	}
	list = append(list, system.Fact{Label: "Go", Value: strings.TrimPrefix(runtime.Version(), "go")})
	if s.house.member == nil {
		list = append(list, system.Fact{Label: "SQLite", Value: sqlite.EngineVersion})
	}
	engine := status.Version
	if engine == "" {
		engine = "not known while the warehouse is away"
	}
	label := "DuckDB"
	if s.cfg.Warehouse != "" {
		label = "ClickHouse"
	}
	return append(list, system.Fact{Label: label, Value: strings.TrimPrefix(engine, "v")})
}

// retention says how long what is kept.
func (s *server) retention() []system.Fact {
	kept := func(k Keep) string {
		if k == 0 {
			return "for ever"
		}
		return k.String()
	}
	archive := "kept, as Parquet, as long as clicks"
	if s.cfg.NoArchive {
		archive = "none (--no-archive)"
	}
	return []system.Fact{
		{Label: "Single clicks", Value: kept(s.cfg.KeepClicks) + " (--keep-clicks)"},
		{Label: "Postback log", Value: kept(s.cfg.KeepPostbacks) + " (--keep-postbacks)"},
		{Label: "Archive", Value: archive},
	}
}

func (s *server) doorsPart() system.Part {
	p := system.Part{Name: "Doors", What: "take clicks and postbacks"}
	if err := s.ready(); err != nil {
		p.Trouble = err.Error()
	}
	a := s.addresses()
	if s.cfg.tracks() {
		p.Facts = append(p.Facts, system.Fact{Label: "Plain http", Value: a.Track})
	} else {
		p.Facts = append(p.Facts, system.Fact{Label: "This node", Value: "a desk: clicks and postbacks are taken by the edges"})
	}
	if a.TrackTLS != "" {
		p.Facts = append(p.Facts, system.Fact{Label: "https", Value: a.TrackTLS})
	}
	if a.Public != "" {
		p.Facts = append(p.Facts, system.Fact{Label: "Shown as", Value: a.Public})
	}
	p.Facts = append(p.Facts, system.Fact{Label: "Node", Value: fmt.Sprint(s.minter.Node())})
	return p
}

func (s *server) ledgerPart() system.Part {
	p := system.Part{Name: "Ledger", What: "decides what counts, and keeps settings and conversions",
		Trouble: strings.Join(s.house.ledger.Damage(), "; ")}
	if err := s.house.pulse.err(); err != nil && p.Trouble == "" {
		p.Trouble = trouble(err)
	}
	size := s.gauged.ledgerBytes.Load() // of a server, which is not waited for
	if s.house.member == nil {
		size, _ = s.house.ledger.Size()
	}
	if size > 0 {
		p.Facts = append(p.Facts, system.Fact{Label: "Disk", Value: inBytes(size)})
	}
	return p
}

func (s *server) spoolPart() system.Part {
	p := system.Part{Name: "Spool", What: "keeps every click and call from the moment it is answered"}
	for _, d := range s.house.spool.Damage() {
		p.Trouble = fmt.Sprintf("%s is damaged at byte %d (%s): records %s to %s cannot be read", d.File, d.Offset, d.Cause, d.First, d.Next)
	}
	durable, oldest := s.house.spool.Durable(), s.house.spool.Oldest()
	p.Facts = append(p.Facts,
		system.Fact{Label: "Records kept", Value: page.Figure(uint64(durable - oldest))},
		system.Fact{Label: "Ever taken", Value: page.Figure(durable)})
	return p
}

func (s *server) warehousePart(status *warehouse.Status) system.Part {
	p := system.Part{Name: "Warehouse", What: "answers reports and lists", Trouble: status.Trouble, Since: status.Since}
	lag := s.house.reporting.loader.Lag()
	if p.Trouble == "" && lag.Error != "" {
		p.Trouble, p.Since = lag.Error, lag.Since
	}
	behind := "nothing is waiting"
	if lag.Records > 0 {
		behind = fmt.Sprintf("%s records, %s", page.Figure(lag.Records), lag.Behind.Truncate(100*time.Millisecond))
	}
	fresh := "not known yet"
	if lag.Fresh != 0 {
		fresh = lag.Fresh.Time().UTC().Format("2006-01-02 15:04:05 UTC")
	}
	p.Facts = []system.Fact{
		{Label: "Behind", Value: behind}, {Label: "Complete up to", Value: fresh},
		{Label: "Loaded a second", Value: page.Figure(lag.Rate)}, {Label: "Disk", Value: inBytes(status.Bytes)},
	}
	if status.Memory > 0 {
		p.Facts = append(p.Facts, system.Fact{Label: "Memory", Value: inBytes(status.Memory)})
	}
	return p
}

func (s *server) placesPart() system.Part {
	p := system.Part{Name: "Places", What: "tell where a visitor is, from the operator's files"}
	if s.house.geo == nil {
		p.Facts = []system.Fact{{Label: "GeoIP files", Value: "none (--geoip-file): countries are known where the click URL says them"}}
		return p
	}
	for _, f := range s.house.geo.Status() {
		if f.Problem != "" {
			p.Trouble = f.Problem
		}
		value := "never read"
		if f.Built != 0 {
			value = fmt.Sprintf("%s, built %s", f.Type, f.Built.Time().UTC().Format(time.DateOnly))
		}
		p.Facts = append(p.Facts, system.Fact{Label: f.Path, Value: value})
	}
	return p
}

// nodesPart tells of all nodes of the cluster.
func nodesPart(present *presence, now homing.Millis) system.Part {
	p := system.Part{Name: "Nodes", What: "are the cluster: edges take clicks and postbacks, desks show them"}
	for _, n := range present.nodes() {
		value := "homing " + n.Version
		if !n.alive(now) {
			value += ", last heard of at " + n.Seen.Time().UTC().Format("2006-01-02 15:04:05 UTC")
		}
		p.Facts = append(p.Facts, system.Fact{Label: n.String(), Value: value})
	}
	return p
}

// inBytes writes a size for people.
func inBytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

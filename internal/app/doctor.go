package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/flow/disk"
	"homing/internal/flow/doctor"
	"homing/internal/flow/mint"
)

// Doctor examines the homing of a data directory, and tells what it finds: over
// its control socket if a server runs there; else the directory is looked at
// here. An error says that it could not be looked at.
func Doctor(ctx context.Context, dataDir string, ask control.DoctorRequest, clock homing.Clock, tell func(control.DoctorLine)) error {
	if _, err := os.Stat(dataDir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--data-dir %s: there is none; name the one that homing serve uses: %w", dataDir, homing.ErrNotFound)
	}
	if !control.Running(ctx, dataDir) {
		err := doctorAlone(ctx, dataDir, ask, clock, tell)
		if !errors.Is(err, errInUse) || !control.Running(ctx, dataDir) {
			return err
		}
	}
	client := dial(dataDir)
	defer client.Close()
	over := false
	for line, err := range client.Doctor(ctx, ask) {
		if err != nil {
			return err
		}
		over = over || line.Over
		tell(line)
	}
	if !over {
		return fmt.Errorf("%w: the server did not finish the examination", homing.ErrUnavailable)
	}
	return nil
}

// practice is one visit of the doctor: an examination, and another one after what
// could be repaired.
type practice struct {
	ask  control.DoctorRequest
	live bool
	tell func(control.DoctorLine)
	// examine looks at everything there is; healer carries out remedies.
	examine func(context.Context) (doctor.Report, error)
	healer  func(context.Context, []doctor.Finding) (*doctor.Healer, error)
}

func (p *practice) options() doctor.Options {
	return doctor.Options{Quick: p.ask.Quick, Live: p.live, Tell: p.progress}
}

func (p *practice) progress(now doctor.Progress) {
	told := control.DoctorProgress(now)
	p.tell(control.DoctorLine{Progress: &told})
}

func (p *practice) visit(ctx context.Context) error {
	report, err := p.examine(ctx)
	p.report(&report)
	if err != nil {
		return err
	}
	if p.ask.Repair && repairable(report.Findings) {
		if err := p.repair(ctx, report.Findings); err != nil {
			return err
		}
	}
	p.tell(control.DoctorLine{Over: true})
	return nil
}

func repairable(findings []doctor.Finding) bool {
	for i := range findings {
		if findings[i].Repairable() {
			return true
		}
	}
	return false
}

func (p *practice) repair(ctx context.Context, findings []doctor.Finding) error {
	healer, err := p.healer(ctx, findings)
	if err != nil {
		return fmt.Errorf("couldn't repair: %w", err)
	}
	done, failed := healer.Heal(ctx, findings, p.progress)
	for _, text := range done {
		p.tell(control.DoctorLine{Repaired: text})
	}
	for _, err := range failed {
		p.tell(control.DoctorLine{Failed: trouble(err)})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.tell(control.DoctorLine{Again: true})
	report, err := p.examine(ctx)
	p.report(&report)
	return err
}

func (p *practice) report(r *doctor.Report) {
	for _, text := range r.Checked {
		p.tell(control.DoctorLine{Checked: text})
	}
	slices.SortStableFunc(r.Findings, func(a, b doctor.Finding) int { return int(b.Severity) - int(a.Severity) }) // the worst first
	for i := range r.Findings {
		f := &r.Findings[i]
		p.tell(control.DoctorLine{Finding: &control.DoctorFinding{
			Kind: f.Kind, Severity: f.Severity.String(), Where: f.Where, What: f.What, Means: f.Means, Do: f.Do, Repairable: f.Repairable(),
		}})
	}
}

// doctor examines the house of a running server.
func (s *server) doctor(ctx context.Context, ask control.DoctorRequest, tell func(control.DoctorLine)) error {
	h := s.house
	p := &practice{ask: ask, live: true, tell: tell}
	p.examine = func(ctx context.Context) (doctor.Report, error) {
		now := homing.MillisOf(s.clock())
		report := lookAround(h.dir.path, now, true)
		report.Add(s.keysReport(ctx, now))
		report.Add(s.aroundListeners(now))
		if text := h.reporting.loader.Trouble(); text != "" {
			report.Found(doctor.ReportsBehind(text, h.reporting.loader.Refilling()))
		}
		if err := p.acknowledge(ctx, h); err != nil {
			return report, err
		}
		of := doctor.House{Spool: h.spool, Ledger: h.ledger, Warehouse: h.reporting.warehouse, Keyring: h.keyring, Clock: s.clock}
		if h.member != nil {
			report.Add(s.clusterReport(ctx))
			if s.cfg.Warehouse != "" {
				of.Warehouse = nil // it holds the clicks of other nodes' spools as well
				report.Looked("the warehouse is shared: it is not compared with this node's spool")
			}
			of.LoansAhead = homing.MillisIn(mint.DefaultFarAhead)
		}
		inside, err := doctor.Examine(ctx, of, p.options())
		report.Add(inside)
		return report, err
	}
	p.healer = func(ctx context.Context, findings []doctor.Finding) (*doctor.Healer, error) {
		return h.healer(), doctor.NoteLosses(ctx, h.ledger, findings, homing.MillisOf(s.clock()))
	}
	return p.visit(ctx)
}

// acknowledge notes that what was lost before has been seen, if that is asked for:
// once, and not what is found now.
func (p *practice) acknowledge(ctx context.Context, h *house) error {
	if !p.ask.Acknowledge {
		return nil
	}
	p.ask.Acknowledge = false
	_, err := doctor.Acknowledge(ctx, h.ledger, "homing doctor", homing.MillisOf(h.clock()))
	return err
}

// noteLoss writes down what the loader finds lost, for the doctor to tell. A ledger
// that takes no writes now has troubles of its own; the log has it.
func (h *house) noteLoss(ctx context.Context, part, text string) {
	if err := doctor.NoteLoss(ctx, h.ledger, part, text, homing.MillisOf(h.clock())); err != nil {
		h.log.Error("what is lost could not be noted in the audit log", "error", err)
	}
}

// clusterReport looks at what nodes share.
func (s *server) clusterReport(ctx context.Context) (r doctor.Report) {
	h := s.house
	if warner, ok := h.ledger.(ledger.Warner); ok {
		warnings := warner.Warnings(ctx)
		for _, text := range warnings {
			r.Found(doctor.ServerUnsafe(text))
		}
		r.Looked("the settings of the ledger's server: %d are unsafe", len(warnings))
	}
	return r
}

// keysReport looks at the file of master keys beside what the server works with.
func (s *server) keysReport(ctx context.Context, now homing.Millis) (r doctor.Report) {
	h := s.house
	_, waits, _ := h.nextKeyFrom(ctx, now) // what is wrong with the ledger is told by its own examination
	h.renewing.Lock()
	defer h.renewing.Unlock()
	keys, err := h.sortedMasterKeys()
	if err != nil {
		r.Found(doctor.Refused(masterKeyFile, err))
		return r
	}
	return doctor.MasterKeys{Keys: goodKeys(keys, now), Age: homing.MillisIn(masterKeyAge), Serving: h.keyring(), Waits: waits}.Look(now)
}

// aroundListeners looks at certificates and at the files of places.
func (s *server) aroundListeners(now homing.Millis) (r doctor.Report) {
	for _, c := range s.certificates() {
		r.Looked("certificate %s: good until %s", c.File, c.Ends)
		of := doctor.Certificate{File: c.File, Begins: c.Begins, Ends: c.Ends, Ours: c.Ours}
		if f, wrong := of.Dates(now); wrong {
			r.Found(f)
		}
	}
	if s.listeners.trackCerts != nil {
		if s.listeners.selfSigned {
			r.Add(ownCertificate(s.house.dir.path, now, s.clock, false))
		} else if err := loadable(s.cfg.TLSCert, s.cfg.TLSKey, "--tls-cert", "--tls-key", s.clock); err != nil {
			r.Found(doctor.BadCertificate("--tls-cert", err, false))
		}
	}
	if s.cfg.DeskTLSCert != "" {
		if err := loadable([]string{s.cfg.DeskTLSCert}, []string{s.cfg.DeskTLSKey}, "--desk-tls-cert", "--desk-tls-key", s.clock); err != nil {
			r.Found(doctor.BadCertificate("--desk-tls-cert", err, false))
		}
	}
	if s.house.geo != nil {
		for _, f := range s.house.geo.Status() {
			r.Looked("places %s: %s", f.Path, f.Type)
			if f.Problem != "" {
				r.Found(doctor.BadPlaces(f.Path, f.Problem))
			}
		}
	}
	return r
}

// healer carries out remedies on a house whose reports are open.
func (h *house) healer() *doctor.Healer {
	healer := &doctor.Healer{
		Tighten: func(path string) error { return os.Chmod(h.dir.file(path), 0o600) },
		Remove:  func(path string) error { return os.Remove(h.dir.file(path)) },
	}
	if h.reporting != nil {
		healer.Seal, healer.Rebuild = h.reporting.warehouse.Seal, h.reporting.loader.Rebuild
	}
	return healer
}

// lookAround looks at what lies in a data directory, beside what engines know.
func lookAround(dir string, now homing.Millis, live bool) (r doctor.Report) {
	if space, err := spaceAt(dir); err == nil {
		state := disk.State{Space: space}
		r.Looked("disk: %s of %s are free", disk.Size(space.Free), disk.Size(space.Total))
		if state.Low() {
			r.Found(doctor.DiskFull(dir, state))
		}
	}
	r.Add(permissions(dir))
	r.Add(leftovers(dir, now, live))
	return r
}

// secrets are the files that only their owner may open.
var secrets = []struct{ pattern, means string }{
	{masterKeyFile, "Whoever reads it can make click ids that count as genuine, and read advertisers' keys in the ledger."},
	{ledgerFile, "It holds visitors' receipts, and advertisers' keys in sealed form."},
	{ledgerFile + "-wal", "It holds what is about to be in the ledger."},
	{tlsDir + "/*.key", "Whoever reads it can pass for this server."},
	{control.SocketName, "Whoever can open it is the operator: there are no passwords on it."},
}

func permissions(dir string) (r doctor.Report) {
	n := 0
	for _, s := range secrets {
		names, _ := filepath.Glob(filepath.Join(dir, s.pattern)) // the patterns are ours
		for _, name := range names {
			info, err := os.Lstat(name)
			if err != nil {
				continue // gone meanwhile, or told of by who needs it
			}
			n++
			if info.Mode().Perm()&0o077 != 0 {
				path, _ := filepath.Rel(dir, name)
				r.Found(doctor.Readable(path, s.means, info.Mode()))
			}
		}
	}
	r.Looked("permissions of %d files that hold secrets", n)
	return r
}

// staleAfter is how old a file must be that a running server may be writing.
const staleAfter homing.Millis = 60 * 60 * 1000

// asides are files that engines put aside, and why.
var asides = []struct{ pattern, why string }{
	{spoolDir + "/*.seg.damaged", "a file of the spool as it was before a recovery left out what could not be read; it goes with its days"},
	{warehouseDir + "/warehouse.duckdb.old-*", "the warehouse as it was before it was made again"},
}

func leftovers(dir string, now homing.Millis, live bool) (r doctor.Report) {
	for _, pattern := range []string{".new-*", tlsDir + "/.new-*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			info, err := os.Lstat(name)
			if err != nil || !info.Mode().IsRegular() || live && homing.MillisOf(info.ModTime()) > now-staleAfter {
				continue
			}
			path, _ := filepath.Rel(dir, name)
			r.Found(doctor.Stale(path))
		}
	}
	for _, a := range asides {
		names, _ := filepath.Glob(filepath.Join(dir, a.pattern))
		for _, name := range names {
			if info, err := os.Lstat(name); err == nil && filepath.Ext(name) != ".wal" {
				path, _ := filepath.Rel(dir, name)
				r.Found(doctor.Aside(path, a.why, info.Size()))
			}
		}
	}
	return r
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/edge/certificate"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/doctor"
	"homing/internal/flow/loader"
)

// A data directory that no server has is looked at in two steps:
//
//	from outside   reading files, changing nothing: is there anything that keeps
//	               it from being opened, or that an opening would have to leave
//	               behind? Then that is all that is looked at, but to the end.
//	from inside    opened as any command opens it, but without anybody who loads,
//	               seals or makes anything again.
//
// To be repaired it is opened with them.

// alone is a data directory without a server.
type alone struct {
	dir   string
	clock homing.Clock
	quiet *slog.Logger
	p     *practice
	cfg   Config

	house *house // open once remedies need it
}

// doctorAlone examines a data directory that no server has.
func doctorAlone(ctx context.Context, dir string, ask control.DoctorRequest, clock homing.Clock, tell func(control.DoctorLine)) (err error) {
	a := &alone{dir: dir, clock: clock, quiet: slog.New(slog.DiscardHandler), cfg: Config{DataDir: dir}}
	a.p = &practice{ask: ask, tell: tell, examine: a.examine, healer: a.healer}
	defer func() {
		if a.house != nil {
			err = errors.Join(err, a.house.Close())
		}
	}()
	return a.p.visit(ctx)
}

func (a *alone) now() homing.Millis { return homing.MillisOf(a.clock()) }

// examine looks at everything.
func (a *alone) examine(ctx context.Context) (doctor.Report, error) {
	report := lookAround(a.dir, a.now(), false)
	report.Add(ownCertificate(a.dir, a.now(), a.clock, true))
	if a.house != nil {
		err := a.inside(ctx, a.house, &report)
		return report, err
	}
	unlock, err := a.lock(ctx)
	if err != nil {
		return report, err
	}
	outside, blocked, err := a.outside(ctx)
	if err == nil && blocked != "" {
		err = a.readAll(ctx, &outside)
		outside.Found(doctor.NotCompared(blocked))
	}
	report.Add(outside)
	if err = errors.Join(err, unlock()); err != nil || blocked != "" {
		return report, err
	}
	h, err := openHouse(ctx, &a.cfg, a.clock, a.quiet, func(error) {})
	if err != nil {
		if errors.Is(err, errInUse) || ctx.Err() != nil {
			return report, err
		}
		report.Found(doctor.Refused("the house", err))
		return report, nil
	}
	err = a.inside(ctx, h, &report)
	return report, errors.Join(err, h.Close())
}

// lock keeps others away while files are read from outside. Nothing is made: a
// directory without a lock file has nobody who could have locked it.
func (a *alone) lock(ctx context.Context) (unlock func() error, err error) {
	file, err := os.Open(filepath.Join(a.dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't look at its lock: %w", a.dir, err)
	}
	d := &dataDir{path: a.dir, lock: file}
	if err := d.wait(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return func() error {
		return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), d.Close())
	}, nil
}

// outside reads what an opening would look at first. blocked says why the house
// must not be opened.
func (a *alone) outside(ctx context.Context) (r doctor.Report, blocked string, err error) {
	block := func(f doctor.Finding, why string) {
		r.Found(f)
		blocked = why
	}
	_, err = checkLayout(a.dir)
	if errors.Is(err, homing.ErrNewer) || errors.Is(err, homing.ErrDamaged) {
		block(doctor.Refused(versionFile, err), "its layout is not known")
	} else if err != nil && !a.isOurs() {
		return r, "", err
	}
	if node, err := readNode(a.dir); err != nil || node != 0 {
		if err != nil {
			block(doctor.Refused(nodeFile, err), "which node it is cannot be read")
			return r, blocked, nil
		}
		return r, "it is a node of a cluster, whose ledger is on a server; homing doctor asks that while the node runs", nil
	}
	there := a.parts(block)
	if there == 0 {
		return r, blocked, nil // nothing has been made yet, or nothing is left
	}
	keys, err := readMasterKeys(filepath.Join(a.dir, masterKeyFile))
	switch sortMasterKeys(keys); {
	case err != nil:
		block(doctor.Refused(masterKeyFile, err), "the master keys cannot be read")
	case len(keys) > 0:
		r.Add(doctor.MasterKeys{Keys: goodKeys(keys, a.now()), Age: homing.MillisIn(masterKeyAge)}.Look(a.now()))
	}
	switch err := sqlite.Inspect(ctx, filepath.Join(a.dir, ledgerFile), true); {
	case ctx.Err() != nil:
		return r, "", ctx.Err()
	case errors.Is(err, homing.ErrNotFound), err == nil:
	case errors.Is(err, homing.ErrNewer), errors.Is(err, homing.ErrInvalid):
		block(doctor.Refused(ledgerFile, err), "the ledger cannot be opened")
	default:
		for _, f := range doctor.LedgerFaults(err) {
			if f.Kind == doctor.BitMended {
				continue // no reason not to open it, and then it is told
			}
			block(f, "the ledger is damaged")
		}
	}
	log, err := segment.Inspect(ctx, segment.Options{Dir: filepath.Join(a.dir, spoolDir)}, true, nil)
	switch {
	case ctx.Err() != nil:
		return r, "", ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		block(doctor.Refused(spoolDir, err), "the spool cannot be opened")
	case log.Torn > 0:
		block(doctor.Torn(spoolDir, fmt.Sprintf("the spool's last file is damaged in %d places", log.Torn)), "a start would have to leave a damaged file of the spool behind")
	}
	if !isThere(filepath.Join(a.dir, versionFile)) && there == len(partNames) {
		f := doctor.NoVersion(blocked == "")
		r.Found(f)
		if blocked == "" && !a.p.ask.Repair {
			blocked = "it does not say that it is whole"
		}
	}
	if blocked == "" && log.Next > 0 && !isThere(filepath.Join(a.dir, warehouseDir, "warehouse.duckdb")) {
		r.Found(doctor.NoWarehouse(warehouseDir + "/warehouse.duckdb"))
	}
	return r, blocked, nil
}

// partNames are the parts that a whole directory has.
var partNames = []struct{ name, what string }{
	{masterKeyFile, "the master keys, without which no click id can be read"},
	{ledgerFile, "the ledger, which knows what has been counted"},
	{spoolDir, "the spool, which holds the clicks"},
}

// parts tells of parts that are missing, and how many are there.
func (a *alone) parts(block func(doctor.Finding, string)) (there int) {
	used := isThere(filepath.Join(a.dir, versionFile))
	for _, p := range partNames {
		if isThere(filepath.Join(a.dir, p.name)) {
			there++
		}
	}
	for _, p := range partNames {
		if !isThere(filepath.Join(a.dir, p.name)) && (used || there > 0) {
			block(doctor.Missing(p.name, p.what), "a part of it is missing")
		}
	}
	return there
}

// isOurs tells whether there is a part of a house, whatever else lies beside it.
func (a *alone) isOurs() bool {
	for _, p := range partNames {
		if isThere(filepath.Join(a.dir, p.name)) {
			return true
		}
	}
	return false
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// readAll reads the files of a house that cannot be opened.
func (a *alone) readAll(ctx context.Context, r *doctor.Report) error {
	if a.p.ask.Quick {
		return nil
	}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		seen[f.What] = true
	}
	found := func(f doctor.Finding) {
		if !seen[f.What] {
			r.Found(f)
		}
	}
	if err := sqlite.Inspect(ctx, filepath.Join(a.dir, ledgerFile), false); errors.Is(err, homing.ErrDamaged) {
		for _, f := range doctor.LedgerFaults(err) {
			found(f)
		}
	} else if err == nil {
		r.Looked("ledger: read from outside; it holds together")
	}
	log, err := segment.Inspect(ctx, segment.Options{Dir: filepath.Join(a.dir, spoolDir)}, false, func(done, total int64) {
		a.p.progress(doctor.Progress{What: "reading the spool", Done: done, Total: total, Bytes: true})
	})
	if err == nil {
		r.Looked("spool: records %s to %s in %d files, read from outside", log.First, log.Next, log.Segments)
		if log.Newest > a.now()+60_000 {
			found(doctor.ClockBehind(log.Newest, a.now()))
		}
	}
	for _, d := range log.Damage {
		found(doctor.SpoolDamage(d))
	}
	flaws, err := duckdb.InspectArchive(ctx, filepath.Join(a.dir, warehouseDir), func(what string, done, total int64) {
		a.p.progress(doctor.Progress{What: "reading " + what, Done: done, Total: total})
	})
	for _, f := range flaws {
		told := doctor.WarehouseFlaw(f)
		told.Remedy = doctor.Remedy{} // not before the house can be opened
		found(told)
	}
	if err == nil {
		r.Looked("sealed days: read from outside")
	}
	return ctx.Err()
}

// inside examines an open house. Without remedies nobody loads, and no warehouse
// is made where there is none.
func (a *alone) inside(ctx context.Context, h *house, r *doctor.Report) (err error) {
	of := doctor.House{Spool: h.spool, Ledger: h.ledger, Keyring: h.keyring, Clock: a.clock}
	switch {
	case h.reporting != nil:
		short, cancel := context.WithTimeout(ctx, time.Minute)
		_ = h.reporting.loader.CatchUp(short) // what is not loaded is not compared
		cancel()
		of.Warehouse = h.reporting.warehouse
	case isThere(h.dir.file(warehouseDir + "/warehouse.duckdb")):
		w, err := duckdb.Open(duckdb.Options{Dir: h.dir.file(warehouseDir), Clock: a.clock, Log: a.quiet})
		if err != nil {
			r.Found(doctor.Refused(warehouseDir, err))
			break
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		of.Warehouse = w
	}
	if err := a.p.acknowledge(ctx, h); err != nil {
		return err
	}
	found, err := doctor.Examine(ctx, of, a.p.options())
	r.Add(found)
	return err
}

// healer opens the house with all that works in it, if a remedy needs that.
func (a *alone) healer(ctx context.Context, findings []doctor.Finding) (*doctor.Healer, error) {
	bare := &house{dir: &dataDir{path: a.dir}}
	if !doctor.Needs(findings, doctor.Rebuild) && !doctor.Needs(findings, doctor.Seal) {
		return bare.healer(), nil
	}
	h, err := openHouse(ctx, &a.cfg, a.clock, a.quiet, func(error) {})
	if err != nil {
		return nil, err
	}
	a.house = h
	if err := doctor.NoteLosses(ctx, h.ledger, findings, a.now()); err != nil {
		return nil, err
	}
	if err := h.openReporting(&a.cfg); err != nil {
		return nil, err
	}
	if err := awaitWarehouse(ctx, h.reporting.warehouse); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.runReporting(running)
	return h.healer(), nil
}

// warehousePatience is how long is waited for a warehouse to come up.
const warehousePatience = time.Minute

// awaitWarehouse waits until a warehouse answers, be it that it is damaged.
func awaitWarehouse(ctx context.Context, w warehouse.Sink) error {
	deadline := time.After(warehousePatience)
	for {
		_, err := w.Mark(ctx, loader.LedgerSource)
		if !errors.Is(err, homing.ErrUnavailable) {
			return nil
		}
		select {
		case <-deadline:
			return nil // a missing file is made from its seals first, and who repairs waits for that
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ownCertificate looks at the certificate that homing made for itself.
func ownCertificate(dir string, now homing.Millis, clock homing.Clock, dates bool) (r doctor.Report) {
	cert, key := filepath.Join(dir, tlsDir, "self-signed.crt"), filepath.Join(dir, tlsDir, "self-signed.key")
	if !isThere(cert) && !isThere(key) {
		return r
	}
	store, err := certificate.Load(ownOptions(cert, key, clock))
	if err != nil {
		r.Found(doctor.BadCertificate(tlsDir+"/self-signed.crt", err, true))
		return r
	}
	for _, c := range store.List() {
		if dates {
			r.Looked("certificate %s: good until %s", tlsDir+"/self-signed.crt", c.Ends)
		}
		of := doctor.Certificate{File: tlsDir + "/self-signed.crt", Begins: c.Begins, Ends: c.Ends, Ours: true}
		if f, wrong := of.Dates(now); dates && wrong {
			f.Severity = doctor.Note // the next start makes another
			r.Found(f)
		}
	}
	return r
}

func ownOptions(cert, key string, clock homing.Clock) certificate.Options {
	return certificate.Options{
		Certs: []string{cert}, Keys: []string{key}, CertFlag: "self-signed certificate", KeyFlag: "its key",
		Clock: clock, Log: slog.New(slog.DiscardHandler),
	}
}

// loadable tells why files cannot be used as certificates.
func loadable(certs, keys []string, certFlag, keyFlag string, clock homing.Clock) error {
	_, err := certificate.Load(certificate.Options{
		Certs: certs, Keys: keys, CertFlag: certFlag, KeyFlag: keyFlag, Clock: clock, Log: slog.New(slog.DiscardHandler),
	})
	return err
}

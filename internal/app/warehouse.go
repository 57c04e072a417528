package app

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/geo"
	"homing/internal/engine/geo/mmdb"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/child"
	"homing/internal/flow/loader"
	"homing/internal/flow/report"
)

// geoWatch is how often the files of places are looked at.
const geoWatch = 10 * time.Second

// openEvery is how often opening the warehouse is tried while it fails.
const openEvery = 5 * time.Second

// WarehouseArgument is the only argument of the program when it is to be the
// warehouse's process, which is nobody's command.
const WarehouseArgument = process.Argument

// WarehouseProcess is the warehouse's process, until its input ends. It returns
// the exit code.
func WarehouseProcess() int { return child.Main() }

// reporting is what answers reports: all of it may be away without anybody at
// the doors noticing.
type reporting struct {
	warehouse warehouse.Warehouse
	loader    *loader.Loader
	engine    *report.Engine
	shared    bool // other nodes load into the same warehouse, and this one tells of all
	// fresh is the moment up to which all that happened, at any node, is in reports.
	fresh func() homing.Millis
}

// openReporting opens the warehouse and what feeds and asks it. It does not wait
// for the warehouse's process, and not for a directory that can be written.
func (h *house) openReporting(cfg *Config) error {
	store, err := h.openStore(cfg)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, store.Close)
	feeding := loader.Options{
		Spool: h.spool, Books: h.ledger, Warehouse: store, Geo: h.places(), View: h.catalog.View, Refresh: h.catalog.Reload,
		Masker: h.catalog.Masker(), Keyring: h.keyring, Clock: h.clock, Log: h.log,
		KeepClicks: time.Duration(cfg.KeepClicks), KeepPostbacks: time.Duration(cfg.KeepPostbacks), NoArchive: cfg.NoArchive,
		Lost: h.noteLoss,
	}
	if cfg.Warehouse != "" {
		h.shareLoading(&feeding)
	}
	feed := loader.Open(feeding)
	fresh := feed.Fresh
	if cfg.Warehouse != "" {
		h.member.presence.loaded = feed.Fresh
		fresh = func() homing.Millis { return h.member.presence.fresh(feed.Fresh()) }
	}
	h.reporting = &reporting{
		shared: cfg.Warehouse != "" && cfg.shows(), warehouse: store, loader: feed, fresh: fresh,
		engine: &report.Engine{
			Warehouse: store, View: h.catalog.View, Keyring: h.keyring, Masker: h.catalog.Masker(), Fresh: fresh, Clock: h.clock,
		},
	}
	h.tracer.Warehouse, h.tracer.Fresh = store, feed.Fresh
	return nil
}

// openPlaces reads the operator's files. One that is broken stops nothing.
func (h *house) openPlaces(cfg *Config) {
	if len(cfg.GeoIPFiles) == 0 {
		return
	}
	finder, err := mmdb.Open(cfg.GeoIPFiles, h.log)
	if err != nil {
		h.log.Error("a file of places cannot be read; homing goes on without what it knows", "error", err)
	}
	h.geo = finder
}

// places finds places; nowhere if there are no files.
func (h *house) places() geo.Finder {
	if h.geo == nil {
		return geo.Nowhere{}
	}
	return h.geo
}

// whatFilesSay is for homing geoip test.
func (h *house) whatFilesSay(addr netip.Addr) []control.Place {
	if h.geo == nil {
		return nil
	}
	return placesIn(h.geo, addr)
}

// PlacesIn tells what files of places say of an address, before they are given
// to a server. What is wrong with a file stands with it.
func PlacesIn(paths []string, addr netip.Addr) []control.Place {
	finder, _ := mmdb.Open(paths, slog.New(slog.DiscardHandler)) // Status tells
	return placesIn(finder, addr.Unmap())
}

func placesIn(finder *mmdb.Finder, addr netip.Addr) (told []control.Place) {
	places := finder.FindEach(addr)
	for i, s := range finder.Status() {
		p := places[i]
		place := control.Place{
			File: s.Path, Country: p.Country, Region: p.Region, City: p.City, Carrier: p.Carrier, ISP: p.ISP, Trouble: s.Problem,
		}
		if s.Built != 0 {
			place.Built = s.Built.String()
		}
		told = append(told, place)
	}
	return told
}

// tell hands the reports to the command line.
func (r *reporting) tell(d *control.Desk) {
	d.Reports, d.Warehouse, d.Loader = r.engine, r.warehouse, steering{r.loader}
	d.Lag = r.lag
}

// steering is the loader as the command line sees it.
type steering struct{ *loader.Loader }

func (s steering) Rebuild(ctx context.Context, progress func(what string, done, total int64)) error {
	return s.Loader.Rebuild(ctx, progress)
}

func (r *reporting) lag() control.Lag {
	lag := r.loader.Lag()
	told := control.Lag{Records: lag.Records, Seconds: int64(lag.Behind / time.Second), Trouble: lag.Error}
	if lag.Fresh != 0 {
		told.Through = lag.Fresh.String()
	}
	return told
}

// troubles are what is wrong with reports now.
func (r *reporting) troubles() (list []string) {
	if s := r.warehouse.Status(); s.Trouble != "" {
		list = append(list, "reports are out of order: "+s.Trouble)
	}
	if text := r.loader.Trouble(); text != "" {
		list = append(list, text)
	}
	return list
}

// runReporting loads until ctx is done.
func (h *house) runReporting(ctx context.Context) {
	h.beside(func() { h.reporting.loader.Run(ctx) })
	if h.geo != nil {
		h.beside(func() { h.geo.Watch(ctx, geoWatch) })
	}
}

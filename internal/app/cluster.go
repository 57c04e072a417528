package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster"
	"homing/internal/flow/journal"
	"homing/internal/flow/loader"
	"homing/internal/flow/mint"
)

// NewClusterKey draws a cluster key and gives its text, for the file that every node
// is given.
func NewClusterKey() string { return cluster.NewKey() }

// membership is what a house has besides when it is a node of a cluster.
type membership struct {
	commons  ledger.Commons
	keys     *cluster.MasterKeys
	salts    *cluster.Salts
	presence *presence
	// Duties of the house that one node at a time does; nil at an edge.
	ledgerLoader, housekeeping *cluster.Duty
	// local lends the node number that clicks are made under; see minting.
	local *mint.Local
}

// keysEvery is how often master keys that other nodes made are looked for. One that
// was made by hand begins soon.
const keysEvery = 5 * time.Second

// join makes the house a node: it takes over, or begins, what the cluster shares.
// The ledger need not be there, if the node has been one before.
func (h *house) join(ctx context.Context, cfg *Config) error {
	commons, ok := h.ledger.(ledger.Commons)
	if !ok {
		return errNoCommons
	}
	key, err := cluster.ReadKeyFile(cfg.ClusterKeyFile)
	if err != nil {
		return fmt.Errorf("--cluster-key-file: %w", err)
	}
	h.pulse = &pulse{ask: func(ctx context.Context) error {
		_, err := h.ledger.Version(ctx)
		return err
	}}
	h.pulse.take(ctx)
	if err := h.mayJoin(ctx, cfg, commons); err != nil {
		return err
	}
	keys, err := cluster.OpenMasterKeys(ctx, cluster.MasterKeysOptions{
		Commons: commons, Key: key, File: h.dir.file(masterKeyFile), Clock: h.clock, Log: h.log,
	})
	if err != nil {
		return h.joining(err)
	}
	m := &membership{
		commons: commons, keys: keys,
		salts:    cluster.NewSalts(cluster.SaltsOptions{Commons: commons, Key: key, Clock: h.clock}),
		presence: newPresence(commons, h.clock, h.dir.node, cfg.Role, cfg.Warehouse == ""),
	}
	if cfg.shows() {
		holder := cluster.NewHolder()
		duty := func(name string) *cluster.Duty {
			return cluster.NewDuty(cluster.DutyOptions{Commons: commons, Name: name, Holder: holder, Clock: h.clock, Log: h.log})
		}
		m.ledgerLoader, m.housekeeping = duty(cluster.LedgerLoader), duty(cluster.Housekeeping)
	}
	h.member = m
	return nil
}

// joining says what a node needs that cannot start.
func (h *house) joining(err error) error {
	if errors.Is(err, homing.ErrUnavailable) {
		return fmt.Errorf("--data-dir %s: this node was never part of the cluster, and its first start needs the ledger: %w", h.dir.path, err)
	}
	return fmt.Errorf("--data-dir %s: %w", h.dir.path, err)
}

// mayJoin asks the others whether there is room for one more. A ledger that is away
// is not asked: this node has been one, or it does not get far.
func (h *house) mayJoin(ctx context.Context, cfg *Config, commons ledger.Commons) error {
	if h.pulse.err() != nil {
		return nil
	}
	if err := refuseMoving(ctx, commons); err != nil {
		return passing(err)
	}
	nodes, err := listNodes(ctx, commons)
	if err != nil {
		return passing(err)
	}
	now, own := homing.MillisOf(h.clock()), fmt.Sprintf("%016x", h.dir.node)
	for _, n := range nodes {
		switch {
		case n.Node == own || !n.alive(now):
		case cfg.Warehouse == "":
			return fmt.Errorf("%w --ledger: another node is at work on it (%s), and without --warehouse this one would keep its clicks to itself: "+
				"give all nodes the same --warehouse clickhouse://…", homing.ErrInvalid, n.String())
		case n.Embedded:
			return fmt.Errorf("%w --warehouse: the node that is at work already (%s) has a warehouse of its own; end it, and give it this one",
				homing.ErrInvalid, n.String())
		}
	}
	return nil
}

// passing lets a ledger pass that has gone away meanwhile.
func passing(err error) error {
	if errors.Is(err, homing.ErrUnavailable) {
		return nil
	}
	return err
}

// followCluster runs what a node does besides, until ctx is done.
func (h *house) followCluster(ctx context.Context) {
	m := h.member
	if m == nil {
		return
	}
	h.beside(func() { h.pulse.run(ctx) })
	h.beside(func() { m.presence.run(ctx) })
	h.beside(func() {
		tick := time.NewTicker(keysEvery)
		defer tick.Stop()
		for {
			// What fails is tried again, and told by Trouble.
			_ = m.keys.Refresh(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// followOthers has whoever shows the postback log hear of the other nodes' calls.
func (h *house) followOthers(ctx context.Context) {
	if h.reporting == nil || !h.reporting.shared {
		return
	}
	h.journal.FollowOthers(ctx, journal.Others{Loaded: h.reporting.warehouse, Fresh: h.reporting.fresh, Failed: func(err error) {
		h.log.Warn("the other nodes' postbacks cannot be followed; the panel shows them later", "error", err)
	}})
}

// shareLoading has a node load its own spool into the warehouse that all share, and
// what is the ledger's only while that is its duty.
func (h *house) shareLoading(o *loader.Options) {
	m := h.member
	o.Shared, o.Source, o.Salts = true, fmt.Sprintf("spool/%016x", h.dir.node), m.salts
	o.Changes, o.Housekeeping = heldBy(m.ledgerLoader), heldBy(m.housekeeping)
}

// heldBy tells whether a duty is this node's now; nil is one that it never has.
func heldBy(duty *cluster.Duty) func() bool {
	if duty == nil {
		return func() bool { return false }
	}
	return duty.Held
}

// minting is who lends node numbers for clicks: the ledger on one machine, and a file
// that borrows from it for days in a cluster.
func (h *house) minting() (ledger.Lessor, error) {
	if h.member == nil {
		return h.ledger, nil
	}
	local, err := mint.NewLocal(mint.LocalOptions{Lessor: h.ledger, File: h.dir.file(loanFile), Clock: h.clock, Log: h.log})
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: %w", h.dir.path, err)
	}
	h.member.local = local
	return local, nil
}

// clusterTroubles are what is wrong with what nodes share, in words.
func (s *server) clusterTroubles() (list []string) {
	m := s.house.member
	if m == nil {
		return nil
	}
	if err := s.house.pulse.err(); err != nil {
		list = append(list, "the ledger cannot be reached; postbacks are answered 503 until it is back: "+trouble(err))
	} else if err := m.keys.Trouble(); err != nil {
		list = append(list, "the master keys that nodes share cannot be looked after: "+trouble(err))
	}
	if !s.cfg.tracks() && s.house.publicURL(s.cfg.PublicURL) == "" {
		list = append(list, "nobody said how clicks and postbacks are reached, and a desk takes none itself: give --public-url, or settle it under Settings")
	}
	list = append(list, m.presence.troubles()...)
	return append(list, s.house.serverWarnings()...)
}

// clusterMetrics tell of what nodes share.
func (s *server) clusterMetrics(e *exposition) {
	m := s.house.member
	e.flag("homing_ledger_up", s.house.pulse.err() == nil)
	alive, now := map[string]int{}, homing.MillisOf(s.clock())
	if m == nil { // one machine is a node that does everything
		m, alive[roleAll] = &membership{presence: &presence{clock: s.clock}}, 1
	}
	for _, n := range m.presence.nodes() {
		if n.alive(now) {
			alive[n.Role]++
		}
	}
	for _, role := range []string{roleAll, roleDesk, roleEdge} {
		e.sample("homing_nodes", fmt.Sprintf("role=%q", role), float64(alive[role]))
	}
	for _, d := range []struct {
		name string
		duty *cluster.Duty
	}{{cluster.Housekeeping, m.housekeeping}, {cluster.LedgerLoader, m.ledgerLoader}} {
		held := 0.0
		if s.house.member == nil || d.duty != nil && d.duty.Held() {
			held = 1
		}
		e.sample("homing_duty_held", fmt.Sprintf("duty=%q", d.name), held)
	}
}

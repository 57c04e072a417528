package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
	"homing/internal/flow/amend"
	"homing/internal/flow/trace"
)

// Version is the released version, set by the linker.
var Version = "0.1.0-dev"

// addresses tells where this server is reached. What is shown to advertisers is
// the public address if one is configured.
func (s *server) addresses() control.Addresses {
	a := control.Addresses{
		Track:  noPublicURL,
		Desk:   s.house.deskURL(s.cfg.DeskURL),
		Public: s.house.publicURL(s.cfg.PublicURL),
	}
	if s.listeners.track != nil {
		a.Track = "http://" + shown(s.listeners.track.Addr())
	}
	if s.listeners.trackTLS != nil {
		a.TrackTLS = "https://" + shown(s.listeners.trackTLS.Addr())
	}
	if a.Desk == "" {
		a.Desk = s.deskListens()
	}
	return a
}

// noPublicURL stands for the address of clicks at a desk that was not told it: it
// has no tracking listener of its own. It leads nowhere, and is told as a trouble.
const noPublicURL = "http://public-url-is-not-set.invalid"

// deskListens is how the panel is reached on this machine.
func (s *server) deskListens() string {
	scheme := "http://"
	if s.listeners.deskCerts != nil {
		scheme = "https://"
	}
	return scheme + shown(s.listeners.desk.Addr())
}

// onlyHTTPS tells whether browsers come over https alone. What was settled in the
// panel does not count: a wrong address there must not shut everybody out.
func (s *server) onlyHTTPS() bool {
	return strings.HasPrefix(cmp.Or(s.cfg.DeskURL, s.deskListens()), "https://")
}

func (s *server) panelAddresses() page.Addresses {
	a := s.addresses()
	return page.Addresses{Track: a.Track, TrackTLS: a.TrackTLS, Desk: a.Desk, Public: a.Public}
}

// shown writes an address so that it can be opened: a listener on every
// address is reached on loopback too.
func shown(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	if tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return tcp.String()
}

// announce tells a person at the terminal what is where.
func (s *server) announce(ctx context.Context, out io.Writer) error {
	a := s.addresses()
	fmt.Fprintf(out, "homing %s, data in %s\n", Version, s.cfg.DataDir)
	if s.cfg.tracks() {
		fmt.Fprintf(out, "  clicks and postbacks  %s\n", a.Track)
	}
	if a.TrackTLS != "" {
		note := ""
		if s.listeners.selfSigned {
			note = "  (self-signed, to try lead_code: curl -k)"
		}
		fmt.Fprintf(out, "                        %s%s\n", a.TrackTLS, note)
	}
	if !s.cfg.shows() {
		fmt.Fprintf(out, "  health and metrics    %s\n", s.deskListens())
		return nil
	}
	fmt.Fprintf(out, "  panel                 %s\n", a.Desk)
	return s.announceSetUp(ctx, out)
}

// announceSetUp tells how the first operator signs up, if there is none. Whether there
// is one may not be known: that keeps nobody from recording clicks.
func (s *server) announceSetUp(ctx context.Context, out io.Writer) error {
	link, err := s.signIn.SetUpLink(ctx)
	switch {
	case errors.Is(err, homing.ErrUnavailable) && s.house.member != nil:
		return nil // it is told when the ledger is back
	case errors.Is(err, homing.ErrDamaged):
		s.log.Error("whether there is an operator cannot be read in the ledger; homing doctor tells more", "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("couldn't make the set-up link: %w", err)
	case link != "":
		fmt.Fprintf(out, "  set up                %s  (works once, for 24 hours)\n", link)
	}
	return nil
}

// controlDesk is what the command line may ask for.
func (s *server) controlDesk() control.Desk {
	d := s.house.controlDesk()
	d.SignIn = s.signIn
	d.Backups = backupKeeper{house: s.house, gentle: true}
	d.Addresses = s.addresses
	d.Doctor = s.doctor
	d.Status = func() control.Status {
		a, notices := s.addresses(), s.troubles()
		if a.Track == noPublicURL {
			a.Track = ""
		}
		if err := s.undurable(); err != nil {
			notices = append([]string{err.Error()}, notices...)
		}
		return control.Status{
			Version: Version, Node: s.minter.Node(), Track: a.Track, TrackTLS: a.TrackTLS, Desk: a.Desk, Public: a.Public,
			Spool: s.house.spoolStatus(), Notices: notices,
		}
	}
	return d
}

// controlDesk is what can be asked for without a server.
func (h *house) controlDesk() control.Desk {
	d := control.Desk{
		Catalog: h.catalog, Books: h.ledger, Spool: h.spool, Journal: h.journal, Keyring: h.keyring,
		People: h.ledger, Clock: h.clock, Places: h.whatFilesSay, Tokens: signin.Tokens{People: h.ledger, Clock: h.clock},
		EraseClick: h.catalog.EraseClick, MasterKeys: controlMasterKeys{masterKeyKeeper{h}}, Zone: h.zone, Amender: h.amender(),
		Court: h.court(nil), Backups: backupKeeper{house: h},
		Trace: func(ctx context.Context, text string) (any, []string, error) {
			story, err := h.tracer.Of(ctx, text)
			return story, lines(&story, err), err
		},
	}
	if h.reporting != nil {
		h.reporting.tell(&d)
		d.Shared = h.reporting.shared
	}
	return d
}

// amender changes where conversions stand.
func (h *house) amender() *amend.Amender {
	return &amend.Amender{
		Books: h.ledger, Decider: h.ledger, View: h.catalog.View, Keyring: h.keyring, Masker: h.catalog.Masker, Clock: h.clock,
	}
}

func lines(story *trace.Story, err error) []string {
	if err != nil {
		return nil
	}
	return story.Lines()
}

func (h *house) spoolStatus() control.SpoolStatus {
	status := control.SpoolStatus{Durable: uint64(h.spool.Durable()), Oldest: uint64(h.spool.Oldest())}
	for _, d := range h.spool.Damage() {
		status.Damage = append(status.Damage, fmt.Sprintf("%s at byte %d: %s", d.File, d.Offset, d.Cause))
	}
	return status
}

// Commit is the source revision the program was built from, if it is known.
func Commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

package certificate

import (
	"context"
	"os"
	"slices"
	"time"
)

// WatchEvery is how often files are looked at.
const WatchEvery = 5 * time.Second

// Watch reads the files again whenever they change, until ctx is done. It must
// run once.
func (s *Store) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.look()
		}
	}
}

// look reads the files if they have changed. What it has said of a bad version
// it does not say again.
func (s *Store) look() {
	log := s.options.Log
	if s.renew != nil {
		if err := s.renew(); err != nil {
			log.Warn("couldn't renew the self-signed certificate", "error", err)
		}
	}
	now := s.stamps()
	if slices.Equal(now, s.seen) {
		return
	}
	s.seen = now
	if err := s.load(); err != nil {
		log.Error("a changed certificate is no good; the one before stays in use", "error", err)
		return
	}
	log.Info("certificates were read again", "files", s.options.Certs)
}

// stamps looks at all files; one that cannot be looked at is the zero stamp.
func (s *Store) stamps() []stamp {
	var all []stamp
	for _, name := range slices.Concat(s.options.Certs, s.options.Keys) {
		var at stamp
		if info, err := os.Stat(name); err == nil {
			at = stamp{info.ModTime(), info.Size()}
		}
		all = append(all, at)
	}
	return all
}

package process

import (
	"fmt"
	"time"

	"homing"
)

// A child that dies soon after its start is started again after pauses that
// double from firstPause to lastPause. One that lived for healthy begins anew.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	healthy    = 30 * time.Second
)

// supervise has a child running until Close.
func (p *Process) supervise() {
	defer close(p.ended)
	pause := firstPause
	for {
		s := p.launch()
		calm := time.NewTimer(p.o.healthy)
		o, open := p.attend(s)
		select {
		case <-calm.C:
			pause = firstPause
		default:
			calm.Stop()
		}
		if o == nil && open {
			o, open = p.rest(pause)
			pause = min(2*pause, lastPause)
		}
		if !open {
			p.gone(errClosed)
			return
		}
		if o != nil {
			p.starting()
			o.done <- p.change(o.between)
		}
	}
}

// attend waits for the child's end. It answers what is to be carried out before
// the next start, and false if there is to be none.
func (p *Process) attend(s *session) (o *order, open bool) {
	opened := s.opened
	for {
		select {
		case <-opened:
			opened = nil
			p.arrived(s)
		case <-s.dead:
			p.failed(s.fate())
			return nil, true
		case o := <-p.orders:
			p.gone(errStarting)
			s.end()
			return o, true
		case <-p.closing:
			p.gone(errClosed)
			s.end()
			return nil, false
		}
	}
}

// rest waits before the next start.
func (p *Process) rest(pause time.Duration) (o *order, open bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil, true
	case o := <-p.orders:
		return o, true
	case <-p.closing:
		return nil, false
	}
}

func (p *Process) starting() { p.gone(errStarting) }

// change runs between, after which the file is another one.
func (p *Process) change(between func() error) error {
	err := between()
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.damage, p.files = "", p.files+1
	}
	return err
}

// gone makes calls fail with why.
func (p *Process) gone(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.away = nil, why
	p.tell()
}

// tell wakes those who wait for a change. p.mu is held.
func (p *Process) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// arrived makes the child the one that is asked.
func (p *Process) arrived(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.away = s, nil
	p.record.over(p.now())
	p.tell()
	p.log.Info("the warehouse process is up", "version", s.version, "pid", s.cmd.Process.Pid)
}

// failed notes why the child is gone.
func (p *Process) failed(f fate) {
	p.log.Warn(f.what, "file", p.o.Path)
	kind := homing.ErrUnavailable
	if f.damaged {
		kind = homing.ErrDamaged
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.away = nil, fmt.Errorf("%w: %s", kind, f.what)
	p.record.begin(f.what, p.now())
	p.tell()
}

func (p *Process) now() homing.Millis { return homing.MillisOf(p.o.Clock()) }

// present is the child that answers, or why there is none.
func (p *Process) present() (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.look()
}

// look is present, with p.mu held. Calls hear of a child's end before supervise
// does, and must not be sent to it again.
func (p *Process) look() (*session, error) {
	if p.session != nil {
		select {
		case <-p.session.dead:
			return nil, p.session.lost()
		default:
		}
	}
	return p.session, p.away
}

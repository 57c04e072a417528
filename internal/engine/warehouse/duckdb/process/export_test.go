package process

import (
	"os"
	"time"
)

// Reading is how many statements that read are under way.
func (p *Process) Reading() int { return len(p.seats) }

// Child is the process that answers now; nil if there is none.
func (p *Process) Child() *os.Process {
	if s, _ := p.present(); s != nil {
		return s.cmd.Process
	}
	return nil
}

// Path is that of the database file.
func (p *Process) Path() string { return p.o.Path }

// SetHealthy sets how long a child must live for the next to be started at once.
func (o *Options) SetHealthy(d time.Duration) { o.healthy = d }

// SetAllowance replaces Allowance.
func (o *Options) SetAllowance(bytes int64) { o.allowance = bytes }

package process

import "os"

// Reading is how many statements that read are under way.
func (p *Process) Reading() int { return len(p.seats) }

// Child is the process that answers now; nil if there is none.
func (p *Process) Child() *os.Process {
	if s, _ := p.present(); s != nil {
		return s.cmd.Process
	}
	return nil
}

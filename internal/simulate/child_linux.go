package simulate

import "syscall"

// dieWithParent has the kernel kill the child when the thread that started it
// ends, so that it outlives not even a SIGKILL of the simulation.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

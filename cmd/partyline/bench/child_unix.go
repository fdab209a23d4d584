//go:build unix

package bench

import (
	"os/exec"
	"syscall"
)

// apart keeps a Ctrl-C at the terminal from the child: it ends by our word, in
// its order.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

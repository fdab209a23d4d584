package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// program is the partyline binary under test, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "partyline-e2e-*")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "partyline")
	build := exec.Command("go", "build", "-o", program, "partyline/cmd/partyline")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the program:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// thirdParty finds a program of somebody else's. Where CI is set it must be
// there; on a developer's machine the test is left out without it.
func thirdParty(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required here and is not installed (Debian: %s)", name, pkg)
	}
	t.Skipf("%s is not installed (Debian: %s); CI requires it", name, pkg)
	return ""
}

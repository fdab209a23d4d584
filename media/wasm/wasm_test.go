package wasm

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sums is a module by hand (WebAssembly 2.0 §5): a page of memory; "add" of
// two numbers; "crash"; "store" of a number at an address, which returns
// nothing; "_initialize".
var sums = []byte{
	0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
	1, 15, 3, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0, 0x60, 2, 0x7f, 0x7f, 0, // types
	3, 5, 4, 0, 1, 2, 1, // functions
	5, 3, 1, 0, 1, // memory
	7, 46, 5,
	3, 'a', 'd', 'd', 0, 0,
	5, 'c', 'r', 'a', 's', 'h', 0, 1,
	5, 's', 't', 'o', 'r', 'e', 0, 2,
	11, '_', 'i', 'n', 'i', 't', 'i', 'a', 'l', 'i', 'z', 'e', 0, 3,
	6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0,
	10, 26, 4,
	7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b, // local.get 0, local.get 1, i32.add
	3, 0, 0x00, 0x0b, // unreachable
	9, 0, 0x20, 0, 0x20, 1, 0x36, 2, 0, 0x0b, // i32.store
	2, 0, 0x0b,
}

func TestCalls(t *testing.T) {
	m, err := Compile(sums)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if !m.Exports("add", "crash") || m.Exports("add", "sub") {
		t.Error("it has other functions than it has")
	}
	a, err := m.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := m.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if n, err := a.Call("add", 2, ^uint32(4)); n != -3 || err != nil {
		t.Errorf("2 − 5 = %d, %v", n, err)
	}
	if n, err := a.Call("store", 100, 0x04030201); n != 0 || err != nil {
		t.Errorf("storing: %d, %v", n, err)
	}
	for in, want := range map[*Instance]byte{a: 1, b: 0} { // each has a memory of its own
		if got, err := in.Bytes(100, 4); err != nil || got[0] != want {
			t.Errorf("% x, %v", got, err)
		}
	}
	if _, err := a.Bytes(65535, 2); err == nil {
		t.Error("bytes beyond the memory")
	}
	if _, err := a.Call("sub", 1, 2); err == nil {
		t.Error("a function that is not there")
	}
	if _, err := a.Call("crash"); err == nil {
		t.Error("a crash is no error")
	}
}

func TestNoModule(t *testing.T) {
	for _, bad := range [][]byte{nil, []byte("\x7fELF"), sums[:40], sums[:8]} {
		m, err := Compile(bad)
		if err != nil {
			continue
		}
		if _, err := m.Start(); err == nil {
			t.Errorf("%d bytes are a module with a memory", len(bad))
		}
		m.Close()
	}
}

package jitter

import (
	"testing"
	"unsafe"
)

// A leg of G.711 keeps one of these; of G.722 it has the wide one, too.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(Buffer{}); size > 3584 {
		t.Errorf("a buffer has %d bytes, more than 3.5 KB", size)
	}
	t.Log(unsafe.Sizeof(Buffer{}), unsafe.Sizeof(wide{}), unsafe.Sizeof(margins{}), unsafe.Sizeof(Stats{}))
}

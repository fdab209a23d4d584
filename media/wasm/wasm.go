// Package wasm runs libraries that were written in C and compiled to
// WebAssembly: codecs that exist in no other form. They see nothing but the
// memory they are given; the program stays one static file.
package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/emscripten"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// memoryPages bounds the memory of one instance: 64 KiB each.
const memoryPages = 512

// Module is a library's code, ready to run. Its methods may be called from
// any goroutine.
type Module struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// Compile makes machine code of a WebAssembly binary that Emscripten has
// built to stand alone.
func Compile(binary []byte) (*Module, error) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages))
	code, err := r.CompileModule(ctx, binary)
	if err == nil && len(code.ExportedMemories()) != 1 {
		err = errors.New("the module does not show its memory")
	}
	if err == nil {
		_, err = wasi_snapshot_preview1.Instantiate(ctx, r)
	}
	if err == nil {
		_, err = emscripten.InstantiateForModule(ctx, r, code)
	}
	if err != nil {
		r.Close(ctx)
		return nil, fmt.Errorf("wasm: %w", err)
	}
	return &Module{r, code}, nil
}

// Exports tells whether the library has all of these functions.
func (m *Module) Exports(names ...string) bool {
	have := m.code.ExportedFunctions()
	for _, name := range names {
		if have[name] == nil {
			return false
		}
	}
	return true
}

// Start gives the library a memory of its own.
func (m *Module) Start() (*Instance, error) {
	ctx := context.Background()
	mod, err := m.runtime.InstantiateModule(ctx, m.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, fmt.Errorf("wasm: %w", err)
	}
	return &Instance{mod: mod, found: make(map[string]api.Function)}, nil
}

// Close ends the module and all its instances.
func (m *Module) Close() { _ = m.runtime.Close(context.Background()) }

// Instance is a library at work. It is for one goroutine.
type Instance struct {
	mod   api.Module
	found map[string]api.Function
}

// Call calls a function with 32-bit arguments; what it returns is 0 where it
// returns nothing. An error says that it has crashed.
func (i *Instance) Call(name string, args ...uint32) (int32, error) {
	f := i.found[name]
	if f == nil {
		if f = i.mod.ExportedFunction(name); f == nil {
			return 0, fmt.Errorf("wasm: no function %q", name)
		}
		i.found[name] = f
	}
	var stack [8]uint64
	for k, a := range args {
		stack[k] = uint64(a)
	}
	if err := f.CallWithStack(context.Background(), stack[:]); err != nil {
		return 0, fmt.Errorf("wasm: %s: %w", name, err)
	}
	if len(f.Definition().ResultTypes()) == 0 {
		return 0, nil
	}
	return int32(uint32(stack[0])), nil
}

// Bytes is a piece of the library's memory as it is until the next Call.
func (i *Instance) Bytes(at uint32, n int) ([]byte, error) {
	b, ok := i.mod.Memory().Read(at, uint32(n))
	if !ok {
		return nil, fmt.Errorf("wasm: %d bytes at %d are not in memory", n, at)
	}
	return b, nil
}

// Close gives the memory back.
func (i *Instance) Close() { _ = i.mod.Close(context.Background()) }

package bolt_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"partyline/state"
	"partyline/state/bolt"
)

// BenchmarkApply writes records of 600 bytes, the size of a participant, one
// batch each. It tells batches and commits (fsyncs) a second.
func BenchmarkApply(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := mustOpen(b, filepath.Join(b.TempDir(), "partyline.db"))
			defer s.Close()
			value := bytes.Repeat([]byte("x"), 600)
			jobs := make(chan int)
			start := time.Now()
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for n := range jobs {
						op := state.Op{Key: fmt.Sprintf("part/c/%09d", n%5000), Value: value, Any: true}
						if _, err := s.Apply(context.Background(), op); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for n := range b.N {
				jobs <- n
			}
			close(jobs)
			wg.Wait()
			seconds := time.Since(start).Seconds()
			b.ReportMetric(float64(b.N)/seconds, "batches/s")
			b.ReportMetric(float64(s.Stats().Commits)/seconds, "commits/s")
		})
	}
}

// BenchmarkOpen opens a store of 100,000 records: all of it is verified.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "partyline.db")
	s := mustOpen(b, path)
	value := bytes.Repeat([]byte("x"), 600)
	for i := range 100 {
		var ops []state.Op
		for n := range 1000 {
			ops = append(ops, state.Op{Key: fmt.Sprintf("part/c/%06d", i*1000+n), Value: value})
		}
		if _, err := s.Apply(context.Background(), ops...); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := bolt.Open(path, bolt.Options{Key: testKey})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

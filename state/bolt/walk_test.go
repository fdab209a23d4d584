package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// rawFile makes a bbolt file by hand and returns its bytes. It is never
// fsynced: nothing here outlives the test.
func rawFile(t testing.TB, pageSize int, fill func(db *bbolt.DB) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raw.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: pageSize, NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(fill(db), db.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func walkAll(file []byte) (records int, doubt, err error) {
	_, doubt, err = walkFile(bytes.NewReader(file), int64(len(file)), func(string, []byte, []byte) error {
		records++
		return nil
	})
	return records, doubt, err
}

// Whatever sound file bbolt makes, with whatever pages, is found sound, and
// all of it is seen.
func TestWalkAcceptsWhatBboltWrites(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		model := map[string]bool{}
		file := rawFile(t, rapid.SampledFrom([]int{1024, 4096, 16384}).Draw(rt, "page size"), func(db *bbolt.DB) error {
			for range rapid.IntRange(1, 8).Draw(rt, "commits") {
				err := db.Update(func(tx *bbolt.Tx) error { return randomWrites(rt, tx, model) })
				if err != nil {
					return err
				}
			}
			return nil
		})
		records, doubt, err := walkAll(file)
		if err != nil || doubt != nil || records != len(model) {
			rt.Fatalf("%d records, doubt %v, %v; want %d", records, doubt, err, len(model))
		}
	})
}

func randomWrites(rt *rapid.T, tx *bbolt.Tx, model map[string]bool) error {
	for range rapid.IntRange(0, 60).Draw(rt, "writes") {
		name := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "bucket")
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		key := fmt.Sprintf("%03d", rapid.IntRange(0, 300).Draw(rt, "key"))
		if rapid.IntRange(0, 2).Draw(rt, "kind") == 0 {
			delete(model, name+key)
			err = b.Delete([]byte(key))
		} else {
			model[name+key] = true
			size := rapid.SampledFrom([]int{0, 20, 300, 5000, 40000}).Draw(rt, "size")
			err = b.Put([]byte(key), bytes.Repeat([]byte("v"), size))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// More free pages than fit into the count of the list.
func TestWalkLongFreelist(t *testing.T) {
	file := rawFile(t, 1024, func(db *bbolt.DB) error {
		big := bytes.Repeat([]byte("v"), 1<<20)
		fill := func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			for i := 0; err == nil && i < 80; i++ {
				err = b.Put([]byte{byte(i)}, big)
			}
			return err
		}
		drop := func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("b")) }
		nothing := func(*bbolt.Tx) error { return nil }
		return errors.Join(db.Update(fill), db.Update(drop), db.Update(nothing), db.Update(nothing))
	})
	if _, _, err := walkAll(file); err != nil {
		t.Fatal(err)
	}
}

// One damaged header is survived, as bbolt does, and told; two are not.
func TestWalkHeaders(t *testing.T) {
	for _, pageSize := range []int{1024, 4096, 16384} {
		file := rawFile(t, pageSize, func(db *bbolt.DB) error {
			return db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte("b"))
				return errors.Join(err, b.Put([]byte("k"), []byte("v")))
			})
		})
		for which := range 2 {
			damaged := bytes.Clone(file)
			damaged[which*pageSize+pageHeader+40]++
			if _, doubt, err := walkAll(damaged); err != nil || doubt == nil {
				t.Errorf("pages of %d, header %d damaged: doubt %v, %v", pageSize, which, doubt, err)
			}
			damaged[(1-which)*pageSize+pageHeader+40]++
			if _, _, err := walkAll(damaged); err == nil {
				t.Errorf("pages of %d: both headers are damaged and nobody minds", pageSize)
			}
		}
	}
}

// A tree whose branch leads back to itself would be walked for ever.
func TestWalkLoop(t *testing.T) {
	const pageSize = 1024
	file := rawFile(t, pageSize, func(db *bbolt.DB) error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte("b"))
			for i := 0; err == nil && i < 200; i++ {
				err = b.Put([]byte(fmt.Sprintf("%04d", i)), bytes.Repeat([]byte("v"), 50))
			}
			return err
		})
	})
	loops := 0
	for at := 2 * pageSize; at+pageSize <= len(file); at += pageSize {
		if binary.NativeEndian.Uint16(file[at+8:]) != flagBranch {
			continue
		}
		damaged := bytes.Clone(file)
		binary.NativeEndian.PutUint64(damaged[at+pageHeader+8:], uint64(at/pageSize))
		if _, _, err := walkAll(damaged); err == nil {
			t.Errorf("page %d leads to itself and nobody minds", at/pageSize)
		}
		loops++
	}
	if loops == 0 {
		t.Fatal("the file has no branch pages: the test looks at nothing")
	}
}

// A page that is in use and listed as free would be overwritten by the next
// commit; one that is neither is lost.
func TestWalkFreelistLies(t *testing.T) {
	file := rawFile(t, 1024, func(db *bbolt.DB) error {
		fill := func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			for i := 0; err == nil && i < 100; i++ {
				err = b.Put([]byte(fmt.Sprintf("%04d", i)), bytes.Repeat([]byte("v"), 50))
			}
			return err
		}
		return errors.Join(db.Update(fill), db.Update(fill))
	})
	m, _, err := readMeta(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	list := int(m.freelist) * 1024
	count := int(order.Uint16(file[list+10:]))
	for what, lie := range map[string]func(b []byte){
		"a used page is free": func(b []byte) {
			order.PutUint16(b[list+10:], uint16(count+1))
			order.PutUint64(b[list+pageHeader+8*count:], m.root)
		},
		"a page is free twice": func(b []byte) {
			order.PutUint16(b[list+10:], uint16(count+1))
			order.PutUint64(b[list+pageHeader+8*count:], order.Uint64(b[list+pageHeader:]))
		},
		"a page is forgotten": func(b []byte) { order.PutUint16(b[list+10:], uint16(count-1)) },
		"a page is far away":  func(b []byte) { order.PutUint64(b[list+pageHeader:], 1<<40) },
		"it is no list":       func(b []byte) { order.PutUint16(b[list+8:], flagLeaf) },
	} {
		damaged := bytes.Clone(file)
		lie(damaged)
		if _, _, err := walkAll(damaged); err == nil {
			t.Errorf("%s, and nobody minds", what)
		}
	}
}

// Keys that do not rise, within a page or from page to page, are found: bbolt
// would look for records in the wrong place and find none.
func TestWalkOrder(t *testing.T) {
	file := rawFile(t, 1024, func(db *bbolt.DB) error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte("b"))
			for i := 0; err == nil && i < 200; i++ {
				err = b.Put([]byte(fmt.Sprintf("%04d", i)), bytes.Repeat([]byte("v"), 50))
			}
			return err
		})
	})
	leaves := 0
	for at := 2 * 1024; at+1024 <= len(file); at += 1024 {
		p, err := parsePage(uint64(at/1024), file[at:at+1024])
		if err != nil || p.flags != flagLeaf || p.count < 3 {
			continue
		}
		leaves++
		first, _, _, _ := p.leaf(0)
		last, _, _, _ := p.leaf(p.count - 1)
		for what, key := range map[string][]byte{"first": first, "last": last} {
			for _, letter := range []byte{0, 0xFF} {
				kept := key[0]
				key[0] = letter // key is a piece of file
				_, _, err := walkAll(file)
				key[0] = kept
				end := letter == 0xFF && string(key) == "0199" // nothing comes after it
				if (err == nil) != end {
					t.Errorf("the %s key of page %d begins with %#x: %v", what, at/1024, letter, err)
				}
			}
		}
	}
	if leaves < 3 {
		t.Fatalf("only %d leaves: the test looks at nothing", leaves)
	}
}

// FuzzWalk: no file, however wild, crashes the walk; and what passes it is
// safe with bbolt, whose own check then agrees.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xED, 0x0C, 0xDA, 0xED}, 1024))
	for _, n := range []int{0, 1, 40} {
		f.Add(rawFile(f, 1024, func(db *bbolt.DB) error {
			for range 3 {
				err := db.Update(func(tx *bbolt.Tx) error {
					b, err := tx.CreateBucketIfNotExists([]byte("records"))
					for i := 0; err == nil && i < n; i++ {
						err = b.Put([]byte(fmt.Sprintf("%02d", i)), bytes.Repeat([]byte("v"), 60))
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<20 {
			return
		}
		file = bytes.Clone(file)
		mendHeaders(file)
		records, doubt, err := walkAll(file)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "f.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
		if err != nil {
			t.Fatalf("the walk found no fault, bbolt does not open it: %v", err)
		}
		defer db.Close()
		err = db.View(func(tx *bbolt.Tx) error {
			var errs []error
			for err := range tx.Check() {
				errs = append(errs, err)
			}
			if n := countAll(tx.Cursor().Bucket()); n != records {
				errs = append(errs, fmt.Errorf("it has %d records, the walk saw %d", n, records))
			}
			return errors.Join(errs...)
		})
		if err != nil && doubt == nil { // with a damaged header bbolt's check never agrees
			t.Fatalf("the walk found no fault, bbolt does: %v", err)
		}
	})
}

func countAll(b *bbolt.Bucket) (n int) {
	b.ForEach(func(k, v []byte) error {
		if nested := b.Bucket(k); v == nil && nested != nil {
			n += countAll(nested)
		} else {
			n++
		}
		return nil
	})
	return n
}

// mendHeaders gives damaged headers a right checksum, or the fuzzer would
// never get behind them.
func mendHeaders(file []byte) {
	for _, at := range []int{0, 1024} {
		if len(file) < at+pageHeader+metaSize {
			return
		}
		b := file[at+pageHeader:]
		binary.NativeEndian.PutUint64(b[metaSize-8:], metaSum(b))
	}
}

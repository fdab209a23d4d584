package bolt

import (
	"bytes"
	"fmt"
	"io"
)

// walker visits every page of a file once and every record in order, taking
// nothing for granted. It stops at the first thing that is wrong.
type walker struct {
	r     io.ReaderAt
	meta  meta
	seen  []bool // pages reached, or free
	visit func(bucket string, key, value []byte) error
}

// walkFile verifies the structure of a bbolt file of size bytes and shows
// every record to visit; what it is shown is only good until it returns.
func walkFile(r io.ReaderAt, size int64, visit func(bucket string, key, value []byte) error) (m meta, doubt error, err error) {
	m, doubt, err = readMeta(r, size)
	if err != nil {
		return m, doubt, err
	}
	w := &walker{r: r, meta: m, seen: make([]bool, m.pages), visit: visit}
	w.seen[0], w.seen[1] = true, true
	if err := w.freelist(); err != nil {
		return m, doubt, err
	}
	if err := w.tree("", m.root, nil, nil, 0); err != nil {
		return m, doubt, err
	}
	for id, ok := range w.seen {
		if !ok {
			return m, doubt, fmt.Errorf("page %d is neither used nor free", id)
		}
	}
	return m, doubt, nil
}

// load reads a page with its overflow and marks them as reached.
func (w *walker) load(id uint64) (page, error) {
	head := make([]byte, w.meta.pageSize)
	if id < 2 || id >= w.meta.pages {
		return page{}, fmt.Errorf("page %d is outside of the file", id)
	}
	if _, err := w.r.ReadAt(head, int64(id)*w.meta.pageSize); err != nil {
		return page{}, fmt.Errorf("page %d: %w", id, err)
	}
	if stored := order.Uint64(head); stored != id {
		return page{}, fmt.Errorf("page %d calls itself %d", id, stored)
	}
	overflow := uint64(order.Uint32(head[12:]))
	if overflow >= w.meta.pages-id {
		return page{}, fmt.Errorf("page %d runs over the end of the file", id)
	}
	for i := id; i <= id+overflow; i++ {
		if err := w.mark(i); err != nil {
			return page{}, err
		}
	}
	if overflow > 0 {
		rest := make([]byte, int64(overflow)*w.meta.pageSize)
		if _, err := w.r.ReadAt(rest, int64(id+1)*w.meta.pageSize); err != nil {
			return page{}, fmt.Errorf("page %d: %w", id, err)
		}
		head = append(head, rest...)
	}
	return parsePage(id, head)
}

func (w *walker) mark(id uint64) error {
	if id < 2 || id >= w.meta.pages {
		return fmt.Errorf("page %d is outside of the file", id)
	}
	if w.seen[id] {
		return fmt.Errorf("page %d is used twice, or free and in use", id)
	}
	w.seen[id] = true
	return nil
}

func (w *walker) freelist() error {
	if w.meta.freelist == noFreelist {
		return fmt.Errorf("it has no list of free pages")
	}
	p, err := w.load(w.meta.freelist)
	if err != nil {
		return err
	}
	if p.flags != flagFreelist {
		return fmt.Errorf("page %d is not the list of free pages it should be", p.id)
	}
	ids, count := p.data[pageHeader:], uint64(p.count)
	if count == 0xFFFF { // the count did not fit and stands before the ids
		count, ids = order.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return fmt.Errorf("page %d lists %d free pages, too many for its size", p.id, count)
	}
	for i := range count {
		if err := w.mark(order.Uint64(ids[i*8:])); err != nil {
			return err
		}
	}
	return nil
}

// tree verifies the pages below id, whose keys must lie in [from, to); nil is
// no bound.
func (w *walker) tree(bucket string, id uint64, from, to []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d lies %d deep: the tree is broken", id, depth)
	}
	p, err := w.load(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case flagLeaf:
		return w.leaf(bucket, p, from, to, depth)
	case flagBranch:
		return w.branch(bucket, p, from, to, depth)
	}
	return fmt.Errorf("page %d is not one of a tree", id)
}

func (w *walker) branch(bucket string, p page, from, to []byte, depth int) error {
	if p.count == 0 {
		return fmt.Errorf("page %d leads nowhere", p.id)
	}
	last := from
	for i := range p.count {
		key, child, err := p.branch(i)
		if err != nil {
			return err
		}
		if err := inOrder(p.id, i, key, last, to); err != nil {
			return err
		}
		next := to
		if i+1 < p.count {
			if next, _, err = p.branch(i + 1); err != nil {
				return err
			}
		}
		if err := w.tree(bucket, child, key, next, depth+1); err != nil {
			return err
		}
		last = key
	}
	return nil
}

func (w *walker) leaf(bucket string, p page, from, to []byte, depth int) error {
	last := from
	for i := range p.count {
		key, value, nested, err := p.leaf(i)
		if err != nil {
			return err
		}
		if err := inOrder(p.id, i, key, last, to); err != nil {
			return err
		}
		if len(key) == 0 {
			return fmt.Errorf("page %d has a record without a name", p.id)
		}
		last = key
		if nested {
			err = w.bucket(bucket+"/"+string(key), p.id, value, depth)
		} else {
			err = w.visit(bucket, key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket verifies a bucket found in a leaf: in a tree of its own, or whole
// within the value when it is small.
func (w *walker) bucket(name string, in uint64, value []byte, depth int) error {
	if len(value) < 16 {
		return fmt.Errorf("page %d has a bucket without a root", in)
	}
	if root := order.Uint64(value); root != 0 {
		return w.tree(name, root, nil, nil, depth+1)
	}
	p, err := parsePage(in, value[16:])
	if err != nil {
		return err
	}
	if p.flags != flagLeaf || depth > maxDepth {
		return fmt.Errorf("page %d has a bucket that is none", in)
	}
	return w.leaf(name, p, nil, nil, depth+1)
}

// inOrder: keys of a page rise, and lie where the pages above say.
func inOrder(id uint64, i int, key, last, to []byte) error {
	rises := i == 0 && bytes.Compare(key, last) >= 0 || bytes.Compare(key, last) > 0
	if !rises || to != nil && bytes.Compare(key, to) >= 0 {
		return fmt.Errorf("page %d entry %d is out of order", id, i)
	}
	return nil
}

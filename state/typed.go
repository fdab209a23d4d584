package state

import (
	"context"
	"encoding/json"
	"fmt"
)

// Record is a stored value of type T with the revision it was read at.
type Record[T any] struct {
	Key   string
	Value T
	Rev   uint64
}

// Load reads one record; ErrNotFound. A value that does not decode is
// ErrCorrupt.
func Load[T any](ctx context.Context, s Store, key string) (Record[T], error) {
	e, err := s.Get(ctx, key)
	if err != nil {
		return Record[T]{}, err
	}
	return decode[T](e)
}

// LoadPage reads up to limit records (0: all) under prefix whose keys are
// greater than after, in key order.
func LoadPage[T any](ctx context.Context, s Store, prefix, after string, limit int) ([]Record[T], error) {
	entries, err := s.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	records := make([]Record[T], 0, len(entries))
	for _, e := range entries {
		r, err := decode[T](e)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// LoadAll reads every record under prefix in key order.
func LoadAll[T any](ctx context.Context, s Store, prefix string) ([]Record[T], error) {
	return LoadPage[T](ctx, s, prefix, "", 0)
}

func decode[T any](e Entry) (Record[T], error) {
	r := Record[T]{Key: e.Key, Rev: e.Rev}
	if err := json.Unmarshal(e.Value, &r.Value); err != nil {
		return Record[T]{}, fmt.Errorf("%w: record %s: %w", ErrCorrupt, e.Key, err)
	}
	return r, nil
}

// PutOp writes v whatever is there.
func PutOp(key string, v any) (Op, error) { return encode(Op{Key: key, Any: true}, v) }

// CreateOp writes v if there is no record under key yet.
func CreateOp(key string, v any) (Op, error) { return encode(Op{Key: key}, v) }

// UpdateOp writes v if the record is still the one read at rev.
func UpdateOp(key string, v any, rev uint64) (Op, error) { return encode(Op{Key: key, Rev: rev}, v) }

// DeleteOp removes the record if it is still the one read at rev.
func DeleteOp(key string, rev uint64) Op { return Op{Key: key, Rev: rev} }

// RemoveOp removes the record if there is one.
func RemoveOp(key string) Op { return Op{Key: key, Any: true} }

func encode(op Op, v any) (Op, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Op{}, fmt.Errorf("state: record %s: %w", op.Key, err)
	}
	op.Value = b
	return op, nil
}

// Batch gathers writes that stand or fall together. The zero value is ready;
// a value that cannot be encoded surfaces in Apply, and then nothing is
// written.
type Batch struct {
	ops []Op
	err error
}

// Put writes v whatever is there.
func (b *Batch) Put(key string, v any) { b.add(PutOp(key, v)) }

// Create writes v if there is no record under key yet.
func (b *Batch) Create(key string, v any) { b.add(CreateOp(key, v)) }

// Update writes v if the record is still the one read at rev.
func (b *Batch) Update(key string, v any, rev uint64) { b.add(UpdateOp(key, v, rev)) }

// Delete removes the record if it is still the one read at rev.
func (b *Batch) Delete(key string, rev uint64) { b.add(DeleteOp(key, rev), nil) }

// Remove removes the record if there is one.
func (b *Batch) Remove(key string) { b.add(RemoveOp(key), nil) }

// Len is the number of writes gathered so far.
func (b *Batch) Len() int { return len(b.ops) }

// Apply writes the batch: the new revisions in the order of the calls above.
func (b *Batch) Apply(ctx context.Context, s Store) ([]uint64, error) {
	if b.err != nil {
		return nil, b.err
	}
	return s.Apply(ctx, b.ops...)
}

func (b *Batch) add(op Op, err error) {
	if err != nil && b.err == nil {
		b.err = err
	}
	b.ops = append(b.ops, op)
}

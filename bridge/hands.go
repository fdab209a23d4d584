package bridge

import "context"

// Hands lists the raised hands in the order in which they went up.
func (b *Bridge) Hands(ctx context.Context, who Caller, cid string) (list []ParticipantView, err error) {
	err = b.with(ctx, who, cid, func(*owner, *request) error { return nil })
	return list, err
}

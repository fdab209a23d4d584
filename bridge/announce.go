package bridge

import "context"

// Tell plays something to one participant, over what they hear.
func (b *Bridge) Tell(ctx context.Context, who Caller, cid, pid string, a Announcement) error {
	return b.change(ctx, who, cid, func(*owner, *request) error {
		return refuse(Invalid, "not_supported", "", "not yet")
	})
}

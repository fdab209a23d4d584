package bridge

import (
	"context"

	"partyline/state"
)

// Bridge runs all conferences of one program.
type Bridge struct{ cfg Config }

// New prepares a bridge; Start brings it to life.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Bridge{cfg: cfg}, nil
}
func (b *Bridge) Start(ctx context.Context) error { return nil }
func (b *Bridge) Drain(on bool)                   {}
func (b *Bridge) Close(ctx context.Context) error { return nil }
func (b *Bridge) Stop()                           {}
func (b *Bridge) CreateConference(ctx context.Context, who Caller, spec ConferenceSpec) (ConferenceView, error) {
	return ConferenceView{}, refuse(Internal, "", "", "")
}
func (b *Bridge) Conference(ctx context.Context, who Caller, id string) (ConferenceView, error) {
	return ConferenceView{}, nil
}
func (b *Bridge) Conferences(ctx context.Context, who Caller, after string, limit int) (page []ConferenceView, next string, err error) {
	return nil, "", nil
}
func (b *Bridge) UpdateConference(ctx context.Context, who Caller, id string, p ConferencePatch) (ConferenceView, error) {
	return ConferenceView{}, nil
}
func (b *Bridge) EndConference(ctx context.Context, who Caller, id string) (ConferenceView, error) {
	return ConferenceView{}, nil
}
func (b *Bridge) DeleteConference(ctx context.Context, who Caller, id string) error { return nil }
func (b *Bridge) Add(ctx context.Context, who Caller, cid string, spec ParticipantSpec) (ParticipantView, error) {
	return ParticipantView{}, nil
}
func (b *Bridge) AddMany(ctx context.Context, who Caller, cid string, specs []ParticipantSpec) ([]BulkResult, error) {
	return nil, nil
}
func (b *Bridge) Participants(ctx context.Context, who Caller, cid string, f ParticipantFilter) (ParticipantPage, error) {
	return ParticipantPage{}, nil
}
func (b *Bridge) Participant(ctx context.Context, who Caller, cid, pid string) (ParticipantView, error) {
	return ParticipantView{}, nil
}
func (b *Bridge) UpdateParticipant(ctx context.Context, who Caller, cid, pid string, p ParticipantPatch) (ParticipantView, error) {
	return ParticipantView{}, nil
}
func (b *Bridge) Remove(ctx context.Context, who Caller, cid, pid string) error { return nil }
func (b *Bridge) Do(ctx context.Context, who Caller, cid, pid string, a Action) (ParticipantView, error) {
	return ParticipantView{}, nil
}
func (b *Bridge) DoAll(ctx context.Context, who Caller, cid string, a BulkAction) (affected int, err error) {
	return 0, nil
}
func (b *Bridge) Events(ctx context.Context, who Caller, cid string, after uint64) (*Subscription, error) {
	return nil, nil
}
func (b *Bridge) Report(ctx context.Context, who Caller, cid string) (Report, error) {
	return Report{}, nil
}
func (b *Bridge) MessageChanged(m state.Message) {}
func (b *Bridge) Stats() Stats                   { return Stats{} }

package bridge

import "partyline/state"

// Permission is one thing a role may do.
type Permission string

const (
	MaySpeak      Permission = "speak"
	MayHear       Permission = "hear"
	MayMuteOthers Permission = "mute_others"
	MayHoldOthers Permission = "hold_others"
	MayRemove     Permission = "remove"
	MayLock       Permission = "lock"
	MayRecord     Permission = "record"
	MayEnd        Permission = "end"
	MayAdmit      Permission = "admit"
	MayAdd        Permission = "add"
	MayChangeRole Permission = "change_role"
	MayUnmuteSelf Permission = "unmute_self"
	MayPlay       Permission = "play"
)

// roles maps each role to what it may do.
var roles = map[state.Role][]Permission{
	state.RoleOperator: {MaySpeak, MayHear, MayMuteOthers, MayHoldOthers, MayRemove, MayLock,
		MayRecord, MayEnd, MayAdmit, MayAdd, MayChangeRole, MayUnmuteSelf, MayPlay},
	state.RolePresenter: {MaySpeak, MayHear, MayMuteOthers, MayHoldOthers, MayRemove, MayLock,
		MayRecord, MayEnd, MayAdmit, MayAdd, MayUnmuteSelf, MayPlay},
	state.RoleParticipant: {MaySpeak, MayHear, MayUnmuteSelf},
	state.RoleListener:    {MayHear},
}

// Can tells whether a role has a permission. An unknown role has none.
func Can(role state.Role, p Permission) bool {
	for _, has := range roles[role] {
		if has == p {
			return true
		}
	}
	return false
}

// KnownRole tells whether a role exists.
func KnownRole(role state.Role) bool { return roles[role] != nil }

// presides tells whether a role counts as a presenter for those who wait for
// one: the marked user of other bridges.
func presides(role state.Role) bool {
	return role == state.RolePresenter || role == state.RoleOperator
}

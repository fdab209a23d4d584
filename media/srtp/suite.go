package srtp

import psrtp "github.com/pion/srtp/v3"

// Suite is a crypto suite by which both directions of a leg are protected.
// The zero Suite is none.
type Suite uint8

const (
	AES256GCM       Suite = iota + 1 // AEAD_AES_256_GCM of RFC 7714
	AES128GCM                        // AEAD_AES_128_GCM of RFC 7714
	AES128CMSHA1_80                  // AES_CM_128_HMAC_SHA1_80 of RFC 4568 §6.2.1
	AES128CMSHA1_32                  // AES_CM_128_HMAC_SHA1_32 of RFC 4568 §6.2.2
)

// Lengths are bytes: RFC 4568 §6.2 for AES_CM, RFC 7714 §12 and §14.2 for
// GCM. SRTCP's overhead has four bytes more, its index, and its tag stays at
// ten bytes where that of SRTP is four.
var suites = [...]struct {
	name      string
	profile   psrtp.ProtectionProfile
	key, salt int
	rtp, rtcp int
}{
	AES256GCM:       {"AEAD_AES_256_GCM", psrtp.ProtectionProfileAeadAes256Gcm, 32, 12, 16, 20},
	AES128GCM:       {"AEAD_AES_128_GCM", psrtp.ProtectionProfileAeadAes128Gcm, 16, 12, 16, 20},
	AES128CMSHA1_80: {"AES_CM_128_HMAC_SHA1_80", psrtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14, 10, 14},
	AES128CMSHA1_32: {"AES_CM_128_HMAC_SHA1_32", psrtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14, 4, 14},
}

// Suites are those to offer, the best first. GCM costs a third of the time
// of HMAC-SHA1 here, and the short tag of AES_CM_128_HMAC_SHA1_32 is only
// for far ends that know nothing else.
func Suites() []Suite { return []Suite{AES256GCM, AES128GCM, AES128CMSHA1_80} }

// ParseSuite finds a suite by its name in a=crypto lines; names have one
// spelling (RFC 4568 §9.2).
func ParseSuite(name string) (Suite, bool) {
	for s := AES256GCM; int(s) < len(suites); s++ {
		if suites[s].name == name {
			return s, true
		}
	}
	return 0, false
}

func (s Suite) valid() bool { return s > 0 && int(s) < len(suites) }

// String is the suite's name in a=crypto lines.
func (s Suite) String() string {
	if !s.valid() {
		return "none"
	}
	return suites[s].name
}

// Overhead is how many bytes Protect adds to an RTP packet; 0 for no suite.
func Overhead(s Suite) int {
	if !s.valid() {
		return 0
	}
	return suites[s].rtp
}

// OverheadRTCP is how many bytes ProtectRTCP adds; 0 for no suite.
func OverheadRTCP(s Suite) int {
	if !s.valid() {
		return 0
	}
	return suites[s].rtcp
}

// MaxOverhead is the most that Protect or ProtectRTCP adds by any suite.
const MaxOverhead = 20

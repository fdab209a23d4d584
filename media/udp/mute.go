package udp

// What passes a muted socket.
const (
	rtpVersion     = 0x80 // the top two bits of the first byte (RFC 3550 §5.1)
	versionMask    = 0xc0
	rtcpFirst      = 192 // second byte of RTCP on RTP's port (RFC 5761 §4)
	rtcpLast       = 223
	comfortNoise   = 13 // payload type (RFC 3389)
	sampleMask     = 63 // of the sequence number: one audio packet in 64 passes
	mutedEventsMax = 16 // payload types
)

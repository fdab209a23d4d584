package edge

import (
	"bytes"
	"strconv"
	"strings"
)

// Frame finds the first message in the bytes read from a stream so far, by its
// Content-Length (RFC 3261 §18.3); leading line breaks are part of it. n is 0
// while more bytes are needed.
//
// last says that there is no telling where the message ends, because it is too
// long, has no single Content-Length, or is not SIP at all: give its n bytes
// to Admit, send the answer, and close the connection.
func Frame(b []byte) (n int, last bool) {
	skip := len(b) - len(bytes.TrimLeft(b, "\r\n"))
	head := bytes.Index(b[skip:], []byte("\r\n\r\n"))
	if head < 0 {
		if len(b) > MaxStream {
			return len(b), true
		}
		return 0, false
	}
	head += skip
	length := -1
	for line := range strings.SplitSeq(string(b[skip:head]), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || longName(strings.TrimRight(name, " \t")) != "content-length" {
			continue
		}
		v, err := strconv.ParseUint(strings.Trim(value, " \t"), 10, 31)
		if err != nil || length >= 0 {
			return len(b), true
		}
		length = int(v)
	}
	size := head + len("\r\n\r\n") + length
	switch {
	case length < 0 || size > MaxStream:
		return len(b), true
	case len(b) < size:
		return 0, false
	}
	return size, false
}

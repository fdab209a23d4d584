package clips

import (
	"encoding/binary"
	"errors"
	"time"
)

// keptHeader is the length of the header of a kept file: RIFF, "fmt " and the
// head of "data".
const keptHeader = 44

// mostKept is the largest file that is kept, in bytes.
const mostKept = keptHeader + 2*wideRate*int64(MaxLength/time.Second) + 4

// encodeWAV makes a WAV file of 16 bits, one channel, at 16 kHz.
func encodeWAV(wide []int16) []byte {
	const width = 2
	size := uint32(width * len(wide))
	le := binary.LittleEndian
	out := make([]byte, 0, keptHeader+size)
	out = append(out, "RIFF"...)
	out = le.AppendUint32(out, keptHeader-8+size)
	out = append(out, "WAVEfmt "...)
	out = le.AppendUint32(out, 16)
	out = le.AppendUint16(out, wavPCM)
	out = le.AppendUint16(out, 1)
	out = le.AppendUint32(out, wideRate)
	out = le.AppendUint32(out, wideRate*width)
	out = le.AppendUint16(out, width)
	out = le.AppendUint16(out, 8*width)
	out = append(out, "data"...)
	out = le.AppendUint32(out, size)
	for _, x := range wide {
		out = le.AppendUint16(out, uint16(x))
	}
	return out
}

// decodeKept reads what encodeWAV made, and nothing else.
func decodeKept(file []byte) ([]int16, error) {
	if int64(len(file)) > mostKept || len(file) < keptHeader || string(file[:4]) != "RIFF" ||
		int(binary.LittleEndian.Uint32(file[40:])) != len(file)-keptHeader || len(file)%2 != 0 {
		return nil, errors.New("clips: a kept sound is damaged")
	}
	wide := make([]int16, (len(file)-keptHeader)/2)
	for i := range wide {
		wide[i] = int16(binary.LittleEndian.Uint16(file[keptHeader+2*i:]))
	}
	return wide, nil
}

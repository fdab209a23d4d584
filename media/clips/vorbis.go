package clips

import (
	"errors"
	"strings"

	"partyline/media/vorbis"
)

// decodeVorbis reads one Vorbis stream. The last page says where its sound
// ends, within its last block.
func decodeVorbis(r *oggReader, head []byte, in *intake) error {
	first := append([]byte(nil), head...)
	if _, ok := r.next(); !ok { // the comments
		return errors.New("the file is damaged")
	}
	third, ok := r.next()
	if !ok {
		return errors.New("the file is damaged")
	}
	decoder, err := vorbis.New(first, third)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "vorbis: "))
	}
	if err := in.begin(decoder.Rate(), decoder.Channels()); err != nil {
		return err
	}
	var position int64
	var good, lost int
	for {
		packet, ok := r.next()
		if !ok {
			break
		}
		frames, err := decoder.Decode(packet)
		if err != nil {
			lost++
			continue
		}
		good++
		n := int64(len(frames) / decoder.Channels())
		position += n
		if len(r.rest) == 0 && r.granule >= 0 && position > r.granule {
			n = max(0, n-(position-r.granule))
		}
		if err := in.add(frames[:n*int64(decoder.Channels())]); err != nil {
			return err
		}
	}
	if lost > good {
		return errors.New("its Vorbis packets cannot be decoded")
	}
	return nil
}

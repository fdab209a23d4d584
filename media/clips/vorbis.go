package clips

import "errors"

func decodeVorbis(r *oggReader, head []byte, in *intake) error {
	return errors.New("Vorbis cannot be read; send Opus, FLAC, MP3 or WAV")
}

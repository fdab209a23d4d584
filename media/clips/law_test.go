package clips_test

import "partyline/media/g711"

func encodeA(pcm []int16) []byte {
	code := make([]byte, len(pcm))
	g711.EncodeA(code, pcm)
	return code
}

func encodeMu(pcm []int16) []byte {
	code := make([]byte, len(pcm))
	g711.EncodeMu(code, pcm)
	return code
}

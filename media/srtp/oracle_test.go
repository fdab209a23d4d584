package srtp_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"

	"partyline/media/srtp"
)

// oracle protects packets step by step as the standards say, without pion's
// library. It is itself held to their test vectors.
type oracle struct {
	suite     srtp.Suite
	key, salt []byte // of the session, not the master ones
	auth      []byte
}

const (
	forRTP  = 0 // labels of RFC 3711 §4.3.2
	forRTCP = 3
)

func newOracle(s srtp.Suite, secret []byte, label byte) oracle {
	size, salt := 16, 14
	switch s {
	case srtp.AES256GCM:
		size, salt = 32, 12
	case srtp.AES128GCM:
		salt = 12
	}
	master, masterSalt := secret[:size], secret[size:size+salt]
	return oracle{
		suite: s,
		key:   derive(master, masterSalt, label, size),
		auth:  derive(master, masterSalt, label+1, 20),
		salt:  derive(master, masterSalt, label+2, salt),
	}
}

// derive is RFC 3711 §4.3.1 with AES-CM, for a key derivation rate of 0; a
// salt of 96 bits is followed by zeros (RFC 7714 §11).
func derive(master, salt []byte, label byte, n int) []byte {
	x := make([]byte, 16)
	copy(x, salt)
	x[7] ^= label
	return stream(master, x, make([]byte, n))
}

func stream(key, iv, text []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, len(text))
	cipher.NewCTR(block, iv).XORKeyStream(out, text)
	return out
}

func (o oracle) gcm(nonce, text, header []byte) []byte {
	block, err := aes.NewCipher(o.key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead.Seal(nil, nonce, text, header)
}

func (o oracle) isGCM() bool { return o.suite == srtp.AES128GCM || o.suite == srtp.AES256GCM }

func xor(a, b []byte) []byte {
	out := bytes.Clone(a)
	for i := range b {
		out[i] ^= b[i]
	}
	return out
}

// rtp is RFC 3711 §3.1 and §4, or RFC 7714 §8.
func (o oracle) rtp(packet []byte, counter uint32) []byte {
	n := 12 + 4*int(packet[0]&15)
	if packet[0]&0x10 != 0 {
		n += 4 + 4*int(binary.BigEndian.Uint16(packet[n+2:]))
	}
	roc := binary.BigEndian.AppendUint32(nil, counter)
	if o.isGCM() {
		nonce := bytes.Join([][]byte{{0, 0}, packet[8:12], roc, packet[2:4]}, nil)
		return append(bytes.Clone(packet[:n]), o.gcm(xor(nonce, o.salt), packet[n:], packet[:n])...)
	}
	iv := bytes.Join([][]byte{{0, 0, 0, 0}, packet[8:12], roc, packet[2:4], {0, 0}}, nil)
	out := append(bytes.Clone(packet[:n]), stream(o.key, xor(iv, o.salt), packet[n:])...)
	mac := hmac.New(sha1.New, o.auth)
	mac.Write(out)
	mac.Write(roc)
	return append(out, mac.Sum(nil)[:srtp.Overhead(o.suite)]...)
}

// rtcp is RFC 3711 §3.4, or RFC 7714 §9.
func (o oracle) rtcp(packet []byte, index uint32) []byte {
	number := binary.BigEndian.AppendUint32(nil, index)
	word := binary.BigEndian.AppendUint32(nil, index|1<<31)
	if o.isGCM() {
		nonce := bytes.Join([][]byte{{0, 0}, packet[4:8], {0, 0}, number}, nil)
		sealed := o.gcm(xor(nonce, o.salt), packet[8:], append(bytes.Clone(packet[:8]), word...))
		return bytes.Join([][]byte{packet[:8], sealed, word}, nil)
	}
	iv := bytes.Join([][]byte{{0, 0, 0, 0}, packet[4:8], {0, 0}, number, {0, 0}}, nil)
	out := bytes.Join([][]byte{packet[:8], stream(o.key, xor(iv, o.salt), packet[8:]), word}, nil)
	mac := hmac.New(sha1.New, o.auth)
	mac.Write(out)
	return append(out, mac.Sum(nil)[:10]...)
}

// RFC 3711 B.2 and B.3.
func TestOracleAESCM(t *testing.T) {
	iv := unhex(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000")
	same(t, "key stream", unhex(t, "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"),
		stream(unhex(t, "2B7E151628AED2A6ABF7158809CF4F3C"), iv, make([]byte, 48)))
	o := newOracle(srtp.AES128CMSHA1_80, unhex(t, "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"), forRTP)
	same(t, "cipher key", unhex(t, "C61E7A93744F39EE10734AFE3FF7A087"), o.key)
	same(t, "salt", unhex(t, "30CBBC08863D8C85D49DB34A9AE1"), o.salt)
	same(t, "authentication key", unhex(t, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"), o.auth)
}

// RFC 7714 §16.1.1, §16.2.1, §17.1, §17.3.
func TestOracleGCM(t *testing.T) {
	packet := unhex(t, `8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e697320646976697361
		20696e207061727465732074726573`)
	report := unhex(t, `81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61
		deadbeefdeadbeefdeadbeefdeadbeefdeadbeef`)
	key := unhex(t, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	salt := unhex(t, "517569642070726f2071756f")
	tests := []struct {
		oracle    oracle
		rtp, rtcp string
	}{
		{oracle{suite: srtp.AES128GCM, key: key[:16], salt: salt},
			`8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
			899d7f27beb16a9152cf765ee4390cce`,
			`81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b
			c84aa45896cf4d2fc5abf87245d9eade800005d4`},
		{oracle{suite: srtp.AES256GCM, key: key, salt: salt},
			`8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
			7aa3db36dfffd6b0f9bb7878d7a76c13`,
			`81c8000d4d617273 d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad
			1d1eb30c4446839f57ff6f6cb26ac3be800005d4`},
	}
	for _, test := range tests {
		same(t, test.oracle.suite.String(), unhex(t, test.rtp), test.oracle.rtp(packet, 0))
		same(t, test.oracle.suite.String()+" RTCP", unhex(t, test.rtcp), test.oracle.rtcp(report, 0x5d4))
	}
}

func TestByTheStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom([]srtp.Suite{srtp.AES256GCM, srtp.AES128GCM, srtp.AES128CMSHA1_80, srtp.AES128CMSHA1_32}).Draw(t, "suite")
		secret := rapid.SliceOfN(rapid.Byte(), 44, 44).Draw(t, "secret")
		size := map[srtp.Suite]int{srtp.AES256GCM: 44, srtp.AES128GCM: 28}[suite]
		if size == 0 {
			size = 30
		}
		key, err := srtp.NewKey(suite, bytes.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		other, _ := srtp.NewKey(suite, nil)
		ours, _ := srtp.New(key, other)
		theirs, _ := srtp.New(other, key)
		media, reports := newOracle(suite, secret[:size], forRTP), newOracle(suite, secret[:size], forRTCP)

		index := uint64(rapid.Uint16().Draw(t, "first"))
		for i := range rapid.IntRange(1, 12).Draw(t, "packets") {
			packet := anyPacket(t, uint16(index))
			want := media.rtp(packet, uint32(index>>16))
			got := must(ours.Protect(nil, packet))
			if !bytes.Equal(got, want) || len(got) != len(packet)+srtp.Overhead(suite) {
				t.Fatalf("packet %d is %x, want %x", i, got, want)
			}
			if back := must(theirs.Unprotect(nil, want)); !bytes.Equal(back, packet) {
				t.Fatalf("packet %d comes back as %x, want %x", i, back, packet)
			}
			index += uint64(rapid.IntRange(1, 1<<15-1).Draw(t, "ahead"))
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "reports") {
			report := append([]byte{0x81, 201, 0, 1, 1, 2, 3, 4}, rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "report")...)
			want := reports.rtcp(report, uint32(i+1))
			got := must(ours.ProtectRTCP(nil, report))
			if !bytes.Equal(got, want) || len(got) != len(report)+srtp.OverheadRTCP(suite) {
				t.Fatalf("report %d is %x, want %x", i, got, want)
			}
			if back := must(theirs.UnprotectRTCP(nil, want)); !bytes.Equal(back, report) {
				t.Fatalf("report %d comes back as %x, want %x", i, back, report)
			}
		}
	})
}

// anyPacket has contributing sources, an extension and padding at times.
func anyPacket(t *rapid.T, seq uint16) []byte {
	sources := rapid.IntRange(0, 15).Draw(t, "sources")
	packet := []byte{0x80 | byte(sources), rapid.Byte().Draw(t, "type"), byte(seq >> 8), byte(seq), 1, 2, 3, 4, 1, 2, 3, 4}
	packet = append(packet, make([]byte, 4*sources)...)
	if rapid.Bool().Draw(t, "extension") {
		words := rapid.IntRange(0, 3).Draw(t, "words")
		packet[0] |= 0x10
		packet = append(packet, 0x12, 0x34, 0, byte(words))
		packet = append(packet, make([]byte, 4*words)...)
	}
	return append(packet, rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")...)
}

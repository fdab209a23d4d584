package bridge

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/big"
)

// longestPIN is the most digits that any PIN has.
const longestPIN = 12

// newPIN draws a personal PIN: uniform over all strings of so many digits
// without three equal digits in a row and without a run of four.
func newPIN(digits int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	for {
		n, err := rand.Int(rand.Reader, limit)
		if err != nil {
			panic(err) // never fails since Go 1.24
		}
		if pin := fmt.Sprintf("%0*d", digits, n); !weakPIN(pin) {
			return pin
		}
	}
}

// weakPIN tells PINs that people guess first: repeats and sequences.
func weakPIN(pin string) bool {
	same, up, down := 1, 1, 1
	for i := 1; i < len(pin); i++ {
		same, up, down = run(same, pin[i] == pin[i-1]), run(up, pin[i] == pin[i-1]+1), run(down, pin[i]+1 == pin[i-1])
		if same >= 3 || up >= 4 || down >= 4 {
			return true
		}
	}
	return false
}

func run(length int, goesOn bool) int {
	if goesOn {
		return length + 1
	}
	return 1
}

// sealPIN is what is stored of a PIN: an HMAC bound to whose PIN it is, and
// its length, which ends the entry without a #.
func (b *Bridge) sealPIN(id, pin string) []byte {
	s := b.newSealer()
	return s.seal(id, pin)
}

// sealer seals many PINs, one after another. What it returns holds until the
// next.
type sealer struct {
	mac hash.Hash
	sum []byte
}

func (b *Bridge) newSealer() sealer { return sealer{mac: hmac.New(sha256.New, b.cfg.PINKey)} }

func (s *sealer) seal(id, pin string) []byte {
	s.mac.Reset()
	_, _ = io.WriteString(s.mac, id)
	_, _ = io.WriteString(s.mac, "|")
	_, _ = io.WriteString(s.mac, pin)
	s.sum = append(s.mac.Sum(s.sum[:0]), byte(len(pin)))
	return s.sum
}

// same tells whether a PIN is the one that was sealed.
func (s *sealer) same(sealed []byte, id, pin string) bool {
	return hmac.Equal(sealed, s.seal(id, pin))
}

// pinLength is the number of digits of a sealed PIN.
func pinLength(sealed []byte) int {
	if len(sealed) == 0 {
		return 0
	}
	return int(sealed[len(sealed)-1])
}

func (b *Bridge) samePIN(sealed []byte, id, pin string) bool {
	return hmac.Equal(sealed, b.sealPIN(id, pin))
}

// checkPIN refuses a conference PIN that is not 4 to 6 digits.
func checkPIN(pin string) *Error {
	if len(pin) < 4 || len(pin) > 6 || !allDigits(pin) {
		return refuse(Invalid, "invalid_pin", "pin", "a PIN has 4 to 6 digits")
	}
	return nil
}

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

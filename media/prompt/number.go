package prompt

import "strconv"

// tens are the words of 10, 20, … 50.
var tens = [...]Name{1: Ten, 2: Twenty, 3: Thirty, 4: Forty, 5: Fifty}

// teens are those of 11 to 19.
var teens = [...]Name{Eleven, Twelve, Thirteen, Fourteen, Fifteen, Sixteen, Seventeen, Eighteen, Nineteen}

// Number speaks a number that counts something: as a word up to twenty and of
// whole tens up to fifty, as tens and ones between them, and what is more digit
// by digit.
func Number(n int) []Part {
	one := func(d int) Part { return Part{Digits: strconv.Itoa(d)} }
	switch {
	case n < 10 || n >= 60:
		return []Part{one(n)}
	case n > 10 && n < 20:
		return Words(teens[n-11])
	case n%10 == 0:
		return Words(tens[n/10])
	}
	return append(Words(tens[n/10]), one(n%10))
}

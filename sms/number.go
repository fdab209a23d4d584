package sms

// mask shortens a number to what may appear in a log: +1202•••1234.
func mask(number string) string {
	if len(number) < 10 {
		return "•••"
	}
	return number[:5] + "•••" + number[len(number)-4:]
}

// blockDigits is how many trailing digits a block of numbers leaves open.
const blockDigits = 4

// block is the run of 10,000 neighbouring numbers this one lies in. Whoever
// pumps texts for a share of their price does so with ranges of numbers that
// an operator assigned to them, which are blocks of this kind.
func block(number string) string {
	if len(number) <= blockDigits {
		return number
	}
	return number[:len(number)-blockDigits]
}

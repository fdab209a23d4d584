package api

// decodePIN reads pin: 4 to 6 digits.
func decodePIN(o *object) *string { return o.digits("pin", 4, 6) }

// digits is a secret of so many digits. Its value is never repeated, not even
// in a refusal.
func (o *object) digits(name string, least, most int) *string {
	s := o.str(name)
	if s == nil {
		return nil
	}
	ok := len(*s) >= least && len(*s) <= most
	for _, c := range []byte(*s) {
		ok = ok && c >= '0' && c <= '9'
	}
	if !ok {
		o.wrong(name, codeInvalidField, "%s must be a string of %d to %d digits.", o.at+name, least, most)
		return nil
	}
	return s
}

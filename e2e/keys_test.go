package e2e

// press types keys on the call that the softphones have.
func (s *softphones) press(keys string) {
	s.t.Helper()
	s.command("sndcode", keys)
}

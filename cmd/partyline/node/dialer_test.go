package node

import "testing"

func TestInternational(t *testing.T) {
	for number, want := range map[string]string{
		"+12025550198":    "+12025550198",
		"12025550198":     "+12025550198",
		"442079460000":    "+442079460000",
		"00442079460000":  "+442079460000",
		"011442079460000": "+442079460000",
		"01142345678":     "01142345678", // of Sheffield, dialled in Britain
		"02079460000":     "02079460000",
		"2025550198":      "2025550198",
		"0030":            "0030",
		"":                "",
	} {
		if got := international(number); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
}

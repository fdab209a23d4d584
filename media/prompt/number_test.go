package prompt_test

import (
	"fmt"
	"strings"
	"testing"

	"partyline/media/prompt"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 9: "9", 10: "ten", 11: "eleven", 19: "nineteen", 20: "twenty", 21: "twenty 1", 45: "forty 5", 50: "fifty", 59: "fifty 9", 60: "60", 120: "120",
	} {
		var said []string
		for _, p := range prompt.Number(n) {
			said = append(said, fmt.Sprint(p.Name, p.Digits))
		}
		if got := strings.Join(said, " "); got != want {
			t.Errorf("%d is spoken %q, want %q", n, got, want)
		}
	}
}

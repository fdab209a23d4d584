package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// press types keys on the call that the softphones have, by baresip's control
// interface: netstrings of JSON.
func (s *softphones) press(keys string) {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.keys, 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	command, _ := json.Marshal(map[string]string{"command": "sndcode", "params": keys, "token": "keys"})
	if _, err := fmt.Fprintf(conn, "%d:%s,", len(command), command); err != nil {
		s.t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for {
		text, err := answers.ReadString(',')
		if err != nil {
			s.t.Fatalf("baresip does not answer: %v", err)
		}
		if strings.Contains(text, `"token":"keys"`) {
			return
		}
	}
}

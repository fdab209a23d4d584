package sip

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// maxChallenges answered in one transaction chain; a far end that asks again
// does not like the password, or wants to keep us busy (AST-2020-002).
const maxChallenges = 2

// credentials are the challenges of a call that we may answer: at most one for
// each of WWW- and Proxy-Authenticate.
type credentials struct {
	answered int
	got      []challenge
	trunk    Trunk
}

type challenge struct {
	header string // of the answer: Authorization or Proxy-Authorization
	chal   *digest.Challenge
	count  int // nc
}

// answer takes up the challenge in a 401 or 407. It is false when the answer
// would be refused again, or would go to someone the password is not for.
func (c *credentials) answer(res *sip.Response, t Trunk) bool {
	if t.Username == "" || c.answered >= maxChallenges {
		return false
	}
	name, reply := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		name, reply = "Proxy-Authenticate", "Proxy-Authorization"
	}
	chal := pick(res.GetHeaders(name), t.Realm)
	if chal == nil {
		return false
	}
	c.trunk = t
	c.answered++
	c.got = slices.DeleteFunc(c.got, func(old challenge) bool { return old.header == reply })
	c.got = append(c.got, challenge{header: reply, chal: chal})
	return true
}

// pick chooses the first challenge that we can answer, SHA-256 before MD5.
func pick(headers []sip.Header, realm string) *digest.Challenge {
	var best *digest.Challenge
	for _, h := range headers {
		ch, err := digest.ParseChallenge(h.Value())
		if err != nil || headerText(h.Value()) != nil || (realm != "" && ch.Realm != realm) {
			continue
		}
		for i := range ch.QOP {
			ch.QOP[i] = strings.TrimSpace(ch.QOP[i])
		}
		if len(ch.QOP) > 0 && !ch.SupportsQOP("auth") {
			continue
		}
		switch strings.ToUpper(ch.Algorithm) {
		case "SHA-256":
			return ch
		case "", "MD5":
			if best == nil {
				best = ch
			}
		}
	}
	return best
}

// sign adds the answers to a request.
func (c *credentials) sign(req *sip.Request) {
	for i := range c.got {
		g := &c.got[i]
		g.count++
		cred, err := digest.Digest(g.chal, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(), Count: g.count,
			Username: c.trunk.Username, Password: c.trunk.Password,
		})
		if err == nil {
			req.AppendHeader(sip.NewHeader(g.header, cred.String()))
		}
	}
}

// renew lets a new request be challenged as if it were the first.
func (c *credentials) renew() { c.answered = 0 }

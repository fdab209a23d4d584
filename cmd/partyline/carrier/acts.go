package carrier

import (
	"time"
)

// What a script can do. Each act is a no-op once the call is over.

// ringFor rings (180) and waits.
func (k *call) ringFor(d time.Duration) {
	if k.over() {
		return
	}
	k.reply = respond(k.invite, k.from, 180, "Ringing", k.tag, k.contact()).text()
	k.c.send(k.reply, k.from)
	k.set(func(r *Record) { r.RangAt = time.Now() })
	k.stay(d)
}

// early sends 183 with SDP and speaks before answering.
func (k *call) early() {
	if k.over() || !k.lift() {
		return
	}
	k.reply = respond(k.invite, k.from, 183, "Session Progress", k.tag, k.contact()).sdp(k.phone.describe("sendrecv")).text()
	k.c.send(k.reply, k.from)
	k.set(func(r *Record) { r.RangAt = time.Now() })
}

// answer sends 200 and repeats it until the ACK.
func (k *call) answer() {
	if k.over() || !k.lift() {
		return
	}
	k.reply = respond(k.invite, k.from, 200, "OK", k.tag, k.contact(), allow).sdp(k.phone.describe("sendrecv")).text()
	k.final = true
	k.c.send(k.reply, k.from)
	k.resend = newResend(k.reply)
	k.set(func(r *Record) { r.AnsweredAt = time.Now() })
}

// lift opens the phone's audio; a call whose offer makes no sense is refused.
func (k *call) lift() bool {
	if k.phone != nil {
		return true
	}
	p, err := newPhone(k, k.invite.Body())
	if err != nil {
		k.c.opts.Log.Warn("phone cannot take the offer", "err", err)
		k.reject(488, "Not Acceptable Here")
		return false
	}
	k.take(p)
	k.c.choir.join(p)
	return true
}

// take puts a phone in the call's hand.
func (k *call) take(p *phone) {
	k.mu.Lock()
	k.phone = p
	k.mu.Unlock()
}

func (k *call) reject(code int, phrase string, headers ...string) {
	if k.over() || k.final {
		return
	}
	k.reply = respond(k.invite, k.from, code, phrase, k.tag, headers...).text()
	k.final = true
	k.set(func(r *Record) { r.Refused = code })
	k.end("refused")
	k.c.send(k.reply, k.from)
	k.resend = newResend(k.reply)
}

func (k *call) bye() {
	if !k.up() {
		return
	}
	k.ask("BYE", "")
	k.end("hung up")
}

func (k *call) reinvite(direction string) {
	if k.up() {
		k.phone.hold(direction != "sendrecv")
		k.ask("INVITE", k.phone.describe(direction))
	}
}

// press types keys as RFC 4733 events, 100 ms each with 100 ms between them.
func (k *call) press(keys string) {
	for i := range len(keys) {
		if !k.up() {
			return
		}
		k.phone.press(keys[i])
		k.stay(200 * time.Millisecond)
	}
}

// voice chooses how the phone will sound once lifted.
func (k *call) voice(v voiceKind) { k.sing = v }

// goDark makes the phone deaf and dumb to everything.
func (k *call) goDark() {
	if k.over() {
		return
	}
	k.end("vanished")
	k.reply, k.resend.text = nil, nil
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	for {
		select {
		case <-k.c.stop:
			return
		case <-end.C:
			return
		case <-k.in: // swallowed
		}
	}
}

package bridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

// guessing lets one caller type wrong PINs, three a call.
func (w *world) guessing(called, from string, first, n int) {
	w.t.Helper()
	for typed := 0; typed < n; typed += 3 {
		in := w.CallIn(called, from)
		synctest.Wait()
		var keys strings.Builder
		for k := range 3 {
			fmt.Fprintf(&keys, "%06d#", 100000+first+typed+k)
		}
		in.Line().Press(keys.String())
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := lastSaid(in.Line()); got != "too_many_tries" || !in.Ended() {
			w.t.Fatalf("guess %d: the caller heard %q last", typed, got)
		}
	}
}

// wantIn has a caller type a right PIN.
func (w *world) wantIn(from, pin string, in bool) {
	w.t.Helper()
	call := w.dial(from)
	types(call, pin+"#")
	if call.Line().InRoom() != in {
		w.t.Errorf("a caller with a right PIN is in: %v, want %v; they heard %q", !in, in, lastSaid(call.Line()))
	}
	call.FarHangUp()
	synctest.Wait()
}

// TestTenThousandGuesses of one caller, and of a thousand, with a restart in
// the middle of each: the limits hold, and the host gets in all the while.
func TestTenThousandGuesses(t *testing.T) {
	const guesses = 10_002
	for _, callers := range []int{1, 1000} {
		t.Run(fmt.Sprint(callers, " callers"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, openHouse())
				w.Phones.Script("", bridgetest.Callee{Keys: "", HangUp: time.Second})
				w.add(1, bridge.ParticipantSpec{Role: state.RolePresenter}) // the host's number is known
				begin, refused, calls := time.Now(), uint64(0), 0
				for typed := 0; typed < guesses; typed += 3 {
					w.guessing(bridgeNumber, number(2000+calls%callers), typed, 3)
					if calls++; calls == guesses/6 {
						refused += w.Stats().RefusedGuesses
						w.Crash(t)
					}
				}
				refused += w.Stats().RefusedGuesses
				compared := guesses - int(refused)
				hours := int(time.Since(begin)/time.Hour) + 1
				most := min(10*callers*hours, 100*(hours/24+1))
				if compared > most || compared < min(10, most) {
					t.Errorf("%d PINs were compared in %d hours, at most %d may be", compared, hours, most)
				}
				t.Logf("%d of %d compared in %v", compared, guesses, time.Since(begin))
				if callers == 1 {
					w.wantIn(number(2000), everybodys, false) // right, and too late
					w.wantIn(number(7000), everybodys, true)  // somebody else is not held up
				} else {
					w.wantIn(number(7000), everybodys, false) // strangers are locked out
				}
				w.wantIn(number(1), moderators, true)
				rung := w.add(3, bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPIN}})
				synctest.Wait()
				w.Phones.Last(number(3)).Press(everybodys)
				w.expect(rung.ID, state.Connected, state.PhaseTalking, "")
				w.Crash(t)
				w.wantIn(number(1), moderators, true)
				if callers > 1 {
					w.wantIn(number(7001), everybodys, false)
					if err := w.ForgiveGuesses(t.Context(), tenant, w.cid); err != nil {
						t.Fatal(err)
					}
					w.wantIn(number(7001), everybodys, true)
				}
			})
		})
	}
}

// TestAThousandCallersAtOnce type at the same moment: no more are compared
// than one after another.
func TestAThousandCallersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.Receptions = 2000
		w := newWorld(t, cfg, openHouse())
		calls := make([]*bridgetest.Inbound, 1000)
		for i := range calls {
			calls[i] = w.CallIn(bridgeNumber, number(1000+i))
		}
		synctest.Wait()
		for i, in := range calls {
			in.Line().Press(fmt.Sprintf("%06d#%06d#", 100000+i, 200000+i))
		}
		time.Sleep(2 * time.Second)
		if n := 2000 - w.Stats().RefusedGuesses; n != 100 {
			t.Errorf("%d PINs were compared at once, want 100", n)
		}
		time.Sleep(2 * time.Minute)
		if w.Mixer.Legs() != 0 || w.Stats().Receptions != 0 {
			t.Errorf("%d legs, %d receptions are left", w.Mixer.Legs(), w.Stats().Receptions)
		}
	})
}

// TestAnonymousCallersShareABucket, and numbers that reach nothing have theirs.
func TestAnonymousCallersShareABucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		w.guessing("+12025550999", "", 0, 12)
		if n := w.Stats().RefusedGuesses; n != 2 {
			t.Errorf("%d of 12 refused, want 2", n)
		}
		w.wantIn("", everybodys, false)
		w.wantIn(number(5), everybodys, true)
		time.Sleep(time.Hour)
		w.wantIn("", everybodys, true)
	})
}

// TestRightPINsTakeNothing has the same caller come and go.
func TestRightPINsTakeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		for range 30 {
			w.wantIn(number(5), everybodys, true)
		}
		if all := bridgetest.All[state.Guess](w.Store, state.GuessPrefix); len(all) != 0 {
			t.Errorf("%d records of wrong PINs", len(all))
		}
	})
}

// TestWrongPINsOnARungPhoneCountForNobodyElse.
func TestWrongPINsOnARungPhoneCountForNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := openHouse()
		spec.RequirePIN = true
		w := newWorld(t, bridge.Config{}, spec)
		w.Phones.Script("", bridgetest.Callee{Keys: "0001#0002#0003#", KeysAt: time.Second})
		for i := range 50 {
			w.add(i, bridge.ParticipantSpec{})
		}
		time.Sleep(time.Minute)
		w.wantIn(number(999), everybodys, true)
	})
}

// TestOldGuessesAreForgotten from memory and store.
func TestOldGuessesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		for i := range 20 {
			w.guessing(bridgeNumber, number(100+i), 0, 3)
		}
		time.Sleep(25 * time.Hour)
		w.Crash(t)
		w.guessing(bridgeNumber, number(500), 0, 3)
		if all := bridgetest.All[state.Guess](w.Store, state.GuessPrefix); len(all) != 2 {
			t.Errorf("%d records, want one of the caller and one of the conference", len(all))
		}
	})
}

// TestAGuessIsWrittenBeforeItIsAnswered: on a full disk nobody learns anything.
func TestAGuessIsWrittenBeforeItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		w.Store.Fail(errors.New("disk full"))
		in := w.dial(number(5))
		types(in, "000001#")
		if got := lastSaid(in.Line()); got != "try_later" {
			t.Errorf("the caller heard %q", got)
		}
		w.Store.Fail(nil)
		w.guessing(bridgeNumber, number(5), 0, 3)
		for _, g := range bridgetest.All[state.Guess](w.Store, state.GuessPrefix) {
			if len(g.Wrong) != 4 {
				t.Errorf("%d guesses are written, want 4", len(g.Wrong))
			}
		}
	})
}

// TestNoSecretOfACallerIsKept looks for PINs, typed and true, and for numbers
// of guessers, in everything that is written.
func TestNoSecretOfACallerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := newWorld(t, bridge.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, openHouse())
		w.wantIn(number(5), everybodys, true)
		w.wantIn(number(6), moderators, true)
		w.guessing(bridgeNumber, "+12025557531", 246813, 12)
		w.guessing("+12025550999", "+12025557532", 246913, 3)
		var store bytes.Buffer
		if err := w.Store.Snapshot(context.Background(), &store); err != nil {
			t.Fatal(err)
		}
		var entries map[string]state.Entry
		if err := json.Unmarshal(store.Bytes(), &entries); err != nil {
			t.Fatal(err)
		}
		kept := log.String()
		for key, e := range entries {
			kept += key + string(e.Value)
		}
		if !strings.Contains(kept, "wrong PIN") || len(entries) < 5 {
			t.Fatal("there is nothing to look at")
		}
		for _, secret := range []string{moderators, `"4711"`, "=4711", "346813", "346913", "2025557531", "2025557532"} {
			if strings.Contains(kept, secret) {
				t.Errorf("%s is kept", secret)
			}
		}
		for _, n := range []string{number(5), number(6)} {
			if strings.Contains(log.String(), n) {
				t.Errorf("%s is in the log", n)
			}
		}
	})
}

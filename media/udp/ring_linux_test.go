//go:build linux && !386 && !portable

package udp

import (
	"errors"
	"runtime"
	"syscall"
	"testing"
)

// ring is nil where the system allows none: then there is nothing to test.
func ring(t testing.TB, entries int) *Ring {
	t.Helper()
	r, err := NewRing(entries)
	if errors.Is(err, ErrNoRing) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestASystemWithoutARingSaysSo(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSYS, syscall.EPERM, syscall.ENOMEM} {
		_, err := newRing(8, func(int, *ringParams) (int, syscall.Errno) { return -1, errno })
		if !errors.Is(err, ErrNoRing) || !errors.Is(err, errno) {
			t.Errorf("%v: got %v", errno, err)
		}
	}
	for name, setup := range map[string]func(int, *ringParams) (int, syscall.Errno){
		"an old kernel": func(n int, p *ringParams) (int, syscall.Errno) {
			fd, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			p.features = canSingleMap
			return fd, 0
		},
		"no memory to share": func(n int, p *ringParams) (int, syscall.Errno) {
			fd, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			p.features, p.sends, p.results = canSingleMap|canQuiet, 8, 16
			return fd, 0
		},
	} {
		before := descriptors(t)
		if _, err := newRing(8, setup); !errors.Is(err, ErrNoRing) {
			t.Errorf("%s: got %v", name, err)
		}
		if after := descriptors(t); after != before {
			t.Errorf("%s: %d descriptors were open before and %d are after", name, before, after)
		}
	}
}

// descriptors is the lowest free one: it rises when one is left open.
func descriptors(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	return fd
}

// full is a socket whose far end takes no more: of local datagrams there wait
// only a few, where UDP on one machine never says that it is full.
func full(t *testing.T) (s *Socket, far int) {
	t.Helper()
	two, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(two[0]); syscall.Close(two[1]) })
	s = &Socket{fd: two[0]}
	for s.Send([]byte("before")) {
	}
	return s, two[1]
}

func TestFullSocketRefusesAndDoesNotWait(t *testing.T) {
	s, far := full(t)
	senders := map[string]Sender{"plain": NewPlain()}
	if r := ring(t, 8); r != nil {
		senders["ring"] = r
	}
	for name, sender := range senders {
		for range 3 {
			copy(sender.Packet(), "during")
			sender.Send(s, 6)
		}
		if got := sender.Flush(); got != 3 {
			t.Errorf("%s: %d packets were refused, want 3", name, got)
		}
	}
	buf := make([]byte, 64)
	for {
		n, _, err := syscall.Recvfrom(far, buf, syscall.MSG_DONTWAIT)
		if err != nil {
			break
		}
		if string(buf[:n]) != "before" {
			t.Errorf("%q was refused and came later", buf[:n])
		}
	}
}

func TestRingThatFailsSendsByItself(t *testing.T) {
	r := ring(t, 8)
	if r == nil {
		return
	}
	real := r.fd
	two, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(two[0])
	defer syscall.Close(two[1])
	s := &Socket{fd: two[0]}
	buf := make([]byte, 64)
	for _, c := range []struct {
		fd   int
		text string
	}{{real, "by the ring"}, {two[0], "not a ring"}, {real, "the ring again"}} {
		r.fd = c.fd
		for range 5 {
			n := copy(r.Packet(), c.text)
			r.Send(s, n)
		}
		if refused := r.Flush(); refused != 0 {
			t.Errorf("%s: %d packets were refused", c.text, refused)
		}
		for range 5 {
			if n, _, err := syscall.Recvfrom(two[1], buf, syscall.MSG_DONTWAIT); err != nil || string(buf[:n]) != c.text {
				t.Errorf("got %q, %v; want %s", buf[:max(n, 0)], err, c.text)
			}
		}
		if _, _, err := syscall.Recvfrom(two[1], buf, syscall.MSG_DONTWAIT); err != syscall.EAGAIN {
			t.Errorf("%s: a packet came twice", c.text)
		}
	}
	r.fd = real
}

func TestRingServesWhoeverOwnsIt(t *testing.T) {
	r := ring(t, 8)
	if r == nil {
		return
	}
	two, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(two[0])
	defer syscall.Close(two[1])
	s := &Socket{fd: two[0]}
	for range 4 { // each on a thread of its own that ends with it
		done := make(chan int)
		go func() {
			runtime.LockOSThread()
			r.Send(s, copy(r.Packet(), "hello"))
			done <- r.Flush()
		}()
		if refused := <-done; refused != 0 {
			t.Errorf("%d packets were refused", refused)
		}
		buf := make([]byte, 64)
		if n, _, err := syscall.Recvfrom(two[1], buf, syscall.MSG_DONTWAIT); err != nil || string(buf[:n]) != "hello" {
			t.Errorf("got %q, %v", buf[:max(n, 0)], err)
		}
	}
}

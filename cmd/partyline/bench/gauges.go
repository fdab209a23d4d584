package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"partyline/cmd/partyline/bench/clock"
	"partyline/cmd/partyline/bench/load"
)

// gauges are the samples of one look at the bridge's metrics.
type gauges map[string]float64

func (br *bridge) gauges(ctx context.Context) (gauges, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", br.url+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := br.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	g := gauges{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			g[name] = v
		}
	}
	return g, lines.Err()
}

// memory of a process in bytes: all that is resident, and what of it is its
// own and not the page cache's, as program text and the mapped store are; 0
// where the system does not say.
type memory struct{ rss, own int64 }

func memoryOf(pid int) memory {
	return memory{
		rss: kilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:") << 10,
		own: kilobytes(fmt.Sprintf("/proc/%d/status", pid), "RssAnon:") << 10,
	}
}

func kilobytes(file, name string) int64 {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// measurement is what a stretch of time cost and what was heard in it.
type measurement struct {
	cpu, loadCPU float64 // % of one core
	others       float64 // the same, of all else on the machine, and what was stolen from it
	seconds      float64
	heard        *load.Result
}

// nsPerPacket is the processor time of each packet that the load process sent
// or received.
func (m measurement) nsPerPacket() float64 {
	packets := float64(m.heard.Sent + m.heard.Packets)
	if packets == 0 {
		return 0
	}
	return m.cpu / 100 * m.seconds * 1e9 / packets
}

// measure lets a stretch of time pass.
func (b *bench) measure(ctx context.Context, far *far, pid int, long time.Duration) (m measurement, err error) {
	if _, err = far.cut(); err != nil {
		return m, err
	}
	before, err := expense(pid, far.pid())
	if err != nil {
		return m, err
	}
	if err = pause(ctx, long); err != nil {
		return m, err
	}
	if err = m.since(before, pid, far.pid()); err != nil {
		return m, err
	}
	m.heard, err = far.cut()
	return m, err
}

// expenses are processor times so far.
type expenses struct {
	at                 time.Time
	ours, theirs, busy time.Duration // of the bridge, of the load process, of the whole machine
}

func expense(ours, theirs int) (e expenses, err error) {
	e.at, e.busy = time.Now(), busy()
	if e.ours, err = clock.Used(ours); err != nil {
		return e, err
	}
	e.theirs, err = clock.Used(theirs)
	return e, err
}

// since fills in what has been spent since.
func (m *measurement) since(before expenses, ours, theirs int) error {
	now, err := expense(ours, theirs)
	if err != nil {
		return err
	}
	m.seconds = now.at.Sub(before.at).Seconds()
	percent := func(d time.Duration) float64 { return 100 * d.Seconds() / m.seconds }
	m.cpu, m.loadCPU = percent(now.ours-before.ours), percent(now.theirs-before.theirs)
	if now.busy > 0 {
		m.others = max(0, percent(now.busy-before.busy)-m.cpu-m.loadCPU)
	}
	return nil
}

// busy is the time all processors have not been idle, in steps of 10 ms; 0
// where the system does not say.
func busy() (d time.Duration) {
	f := strings.Fields(first("/proc/stat")) // cpu user nice system idle iowait irq softirq steal guest…
	if len(f) < 9 {
		return 0
	}
	for i, ticks := range f[1:9] {
		if i == 3 || i == 4 {
			continue
		}
		n, _ := strconv.ParseInt(ticks, 10, 64)
		d += time.Duration(n) * 10 * time.Millisecond
	}
	return d
}

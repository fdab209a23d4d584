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

// memory of a process in bytes: resident, and its share of what it shares; 0
// where the system does not say.
type memory struct{ rss, pss int64 }

func memoryOf(pid int) memory {
	return memory{
		rss: kilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:") << 10,
		pss: kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:") << 10,
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
	began := time.Now()
	ours, theirs, err := used(pid, far.pid())
	if err != nil {
		return m, err
	}
	if err = pause(ctx, long); err != nil {
		return m, err
	}
	ours2, theirs2, err := used(pid, far.pid())
	if err != nil {
		return m, err
	}
	m.seconds = time.Since(began).Seconds()
	m.cpu = 100 * (ours2 - ours).Seconds() / m.seconds
	m.loadCPU = 100 * (theirs2 - theirs).Seconds() / m.seconds
	m.heard, err = far.cut()
	return m, err
}

func used(a, b int) (ours, theirs time.Duration, err error) {
	if ours, err = clock.Used(a); err != nil {
		return 0, 0, err
	}
	theirs, err = clock.Used(b)
	return ours, theirs, err
}

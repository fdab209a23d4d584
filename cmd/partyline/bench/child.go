package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// child is one of our processes. It ends when its input is closed, so that it
// ends with us, whatever becomes of us.
type child struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte // of its output; closed at its end
	ended chan struct{}
	err   error // valid once ended

	mu   sync.Mutex
	tail []string // of what it said on its error output
}

const (
	tailLines = 40
	patience  = 30 * time.Second // with a child's answer, and its end
)

// start runs the program with arguments. What it says on its error output goes
// to watch, line by line, when there is one.
func start(program, name string, args []string, watch func(line []byte)) (*child, error) {
	c := &child{name: name, cmd: exec.Command(program, args...), lines: make(chan []byte, 16), ended: make(chan struct{})}
	apart(c.cmd)
	var out, errs io.ReadCloser
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if out, err = c.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if errs, err = c.cmd.StderrPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var readers sync.WaitGroup
	readers.Go(func() {
		defer close(c.lines)
		each(out, func(line []byte) { c.lines <- line })
	})
	readers.Go(func() {
		each(errs, func(line []byte) {
			c.keep(string(line))
			if watch != nil {
				watch(line)
			}
		})
	})
	go func() {
		defer close(c.ended)
		readers.Wait()
		c.err = c.cmd.Wait()
	}()
	return c, nil
}

func each(r io.Reader, f func(line []byte)) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		f([]byte(lines.Text()))
	}
	_, _ = io.Copy(io.Discard, r) // after a line too long: the child must not wait for us
}

func (c *child) keep(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tail = append(c.tail, line); len(c.tail) > tailLines {
		c.tail = c.tail[1:]
	}
}

// said is the end of the child's error output.
func (c *child) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.tail, "\n")
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// read takes a line of JSON from the child.
func (c *child) read(into any) error {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case line, ok := <-c.lines:
		if !ok {
			return fmt.Errorf("the %s process has ended: %s", c.name, c.said())
		}
		return json.Unmarshal(line, into)
	case <-wait.C:
		return fmt.Errorf("the %s process does not answer", c.name)
	}
}

func (c *child) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.in.Write(append(b, '\n'))
	return err
}

// stop ends the child and waits for it; one that does not end is killed.
func (c *child) stop() error {
	_ = c.in.Close()
	go func() {
		for range c.lines { // what it still says goes nowhere
		}
	}()
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-c.ended:
		var exit *exec.ExitError
		if errors.As(c.err, &exit) {
			return fmt.Errorf("the %s process: %w: %s", c.name, c.err, c.said())
		}
		return c.err
	case <-wait.C:
		_ = c.cmd.Process.Kill()
		<-c.ended
		return fmt.Errorf("the %s process had to be killed: %s", c.name, c.said())
	}
}

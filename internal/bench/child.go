package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// What is measured in a process of its own: what has to be killed, what has to
// start with nothing in memory, and the memory itself.

// task is what a child does; its JSON form is the child's argument.
type task struct {
	Do       string `json:"do"` // load, start, start-bare, serve, read-bare
	Dir      string `json:"dir"`
	Dossiers int    `json:"dossiers,omitempty"`
	Events   int    `json:"events,omitempty"`
	Looks    int    `json:"looks,omitempty"`
}

// answer is what a child prints, as one line of JSON.
type answer struct {
	Took     time.Duration `json:"took,omitempty"`
	Resident float64       `json:"resident_mib,omitempty"`
	Peak     float64       `json:"peak_mib,omitempty"`
}

// ready is the line that a child under load prints after its first command.
const ready = "ready"

// Child does one task of a run that started this process, and prints its answer.
func Child(ctx context.Context, argument string, out io.Writer) error {
	var t task
	if err := json.Unmarshal([]byte(argument), &t); err != nil {
		return fmt.Errorf("bench: a child is started by the benchmark itself: %w", err)
	}
	a, err := t.run(ctx, out)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", t.Do, err)
	}
	return json.NewEncoder(out).Encode(a)
}

func (t *task) run(ctx context.Context, out io.Writer) (answer, error) {
	switch t.Do {
	case "load":
		return answer{}, t.load(ctx, out)
	case "start":
		return t.start(ctx)
	case "start-bare":
		return t.startBare(ctx)
	case "serve":
		return t.serve(ctx)
	case "read-bare":
		return t.readBare(ctx)
	}
	return answer{}, errors.New("no such task")
}

// load appends from some callers until it is killed.
func (t *task) load(ctx context.Context, out io.Writer) error {
	e, err := engine.Open(ctx, engine.Options{Data: t.Dir, Follow: true})
	if err != nil {
		return err
	}
	defer e.Close()
	if _, err := accepted(ctx, e, asCoach(0), addRecord(0)); err != nil {
		return err
	}
	fmt.Fprintln(out, ready)
	_, err = callers(ctx, many, time.Hour, func(ctx context.Context, i int) error {
		_, err := accepted(ctx, e, asCoach(i%t.Dossiers), addRecord(i%t.Dossiers))
		return err
	})
	return err
}

// start is the time from opening until the first command is accepted.
func (t *task) start(ctx context.Context) (answer, error) {
	began := time.Now()
	e, err := engine.Open(ctx, engine.Options{Data: t.Dir, Follow: true})
	if err != nil {
		return answer{}, err
	}
	_, err = accepted(ctx, e, asCoach(1), addRecord(1))
	return answer{Took: time.Since(began)}, errors.Join(err, e.Close())
}

// startBare is the time until a bare server has stored its first message.
func (t *task) startBare(ctx context.Context) (answer, error) {
	began := time.Now()
	b, err := startBare(t.Dir, true)
	if err != nil {
		return answer{}, err
	}
	defer b.close()
	err = b.publish(ctx, subject(0), make([]byte, 1000))
	return answer{Took: time.Since(began)}, err
}

// serve has the views follow, reads and writes for some time, and says how much
// memory the process has.
func (t *task) serve(ctx context.Context) (answer, error) {
	e, err := engine.Open(ctx, engine.Options{Data: t.Dir, Follow: true})
	if err != nil {
		return answer{}, err
	}
	a, err := t.use(ctx, e)
	return a, errors.Join(err, e.Close())
}

func (t *task) use(ctx context.Context, e *engine.Engine) (answer, error) {
	if err := e.CatchUp(ctx, nil); err != nil {
		return answer{}, err
	}
	var last commands.Outcome
	for i := range t.Looks {
		if _, err := look(ctx, e, i*7%t.Dossiers, queries.DossierOptions{}); err != nil {
			return answer{}, err
		}
		var err error
		if last, err = accepted(ctx, e, asCoach(i*11%t.Dossiers), addRecord(i*11%t.Dossiers)); err != nil {
			return answer{}, err
		}
		if i%100 == 0 {
			r := queries.Reader{Caller: asCoach(i), Agency: agency, Purpose: "guidance", Action: "list"}
			if _, err := e.Queries.Caseload(ctx, r); err != nil {
				return answer{}, err
			}
		}
	}
	if err := e.Views.WaitFor(ctx, last.Position); err != nil {
		return answer{}, err
	}
	return memory()
}

// bareMemory is the soft limit of the bare server's memory.
const bareMemory = 700 << 20

// readBare has a bare server read its stream once.
func (t *task) readBare(ctx context.Context) (answer, error) {
	debug.SetMemoryLimit(bareMemory)
	b, err := startBare(t.Dir, false)
	if err != nil {
		return answer{}, err
	}
	defer b.close()
	if _, err := readOrdered(ctx, b.nc, t.Events, nil); err != nil {
		return answer{}, err
	}
	return memory()
}

// memory is this process's, as the kernel counts it.
func memory() (a answer, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return a, fmt.Errorf("the memory of a process is read from the kernel, which works on Linux alone: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			a.Resident = kib / 1024
		case "VmHWM:":
			a.Peak = kib / 1024
		}
	}
	return a, nil
}

// command is the command line of a child.
func (r *run) command(ctx context.Context, t task) (*exec.Cmd, error) {
	arg, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, r.o.Child[0], append(append([]string(nil), r.o.Child[1:]...), string(arg))...)
	cmd.Stdin = nil
	return cmd, nil
}

// child has a process of its own do a task.
func (r *run) child(ctx context.Context, t task) (a answer, err error) {
	cmd, err := r.command(ctx, t)
	if err != nil {
		return a, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return a, fmt.Errorf("a process of its own for %s: %w: %s", t.Do, err, stderr.Bytes())
	}
	return a, json.Unmarshal(out, &a)
}

// killed has a child append under load for some time and kills it.
func (r *run) killed(ctx context.Context, t task, after time.Duration) error {
	cmd, err := r.command(ctx, t)
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil && strings.TrimSpace(line) == ready {
		select {
		case <-time.After(after):
		case <-ctx.Done():
		}
		err = cmd.Process.Kill()
	} else {
		err = errors.Join(err, errors.New("the process under load did not start"), cmd.Process.Kill())
	}
	_ = cmd.Wait() // it was killed
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return ctx.Err()
}

package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/eventstore/scrub"
)

// Alarm is what one look found that is not as it was acknowledged and signed. It
// holds no personal data.
type Alarm struct {
	At       time.Time       `json:"at"`
	Total    int             `json:"total"`
	Findings []scrub.Finding `json:"findings"` // the first toldOnce
}

// alarms is the file of alarms, a line of JSON for each. It stands beside the lock
// and not on the stream: a stream that is read-only takes no event, and one that
// is not whole is no place to keep that it is not.
func (p Paths) alarms() string { return filepath.Join(p.Lock, "alarms.jsonl") }

// keptAlarms is how many alarms are read back, the newest.
const keptAlarms = 50

// note appends an alarm, unless it is the newest one again: the same damage is
// found at each start and by each look. It is on the disk when it returns.
func (g *Guard) note(r *scrub.Report) error {
	g.noting.Lock()
	defer g.noting.Unlock()
	a := Alarm{At: g.clock.Now().UTC(), Total: r.Total, Findings: r.Findings[:min(len(r.Findings), toldOnce)]}
	path := g.e.Paths.alarms()
	list, err := readAlarms(path)
	if err != nil {
		return err
	}
	if n := len(list); n > 0 && list[n-1].Total == a.Total && reflect.DeepEqual(list[n-1].Findings, a.Findings) {
		return nil
	}
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("engine: an alarm: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("engine: the file of alarms: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("engine: the file of alarms: %w", err)
	}
	return nil
}

// Alarms gives the alarms that were ever raised here, newest first, at most fifty.
func (g *Guard) Alarms() ([]Alarm, error) {
	list, err := readAlarms(g.e.Paths.alarms())
	slices.Reverse(list)
	return list[:min(len(list), keptAlarms)], err
}

// maxAlarm is the largest line that is read, in bytes.
const maxAlarm = 1 << 20

// readAlarms reads what can be read: a line that was torn by a power cut or that
// has another form is passed over, since the others still tell.
func readAlarms(path string) (out []Alarm, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("engine: the file of alarms: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, maxAlarm)
	for lines.Scan() {
		var a Alarm
		if json.Unmarshal(lines.Bytes(), &a) == nil && !a.At.IsZero() {
			out = append(out, a)
		}
	}
	return out, lines.Err()
}

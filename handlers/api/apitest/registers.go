package apitest

import "github.com/casefile-engine/casefile/handlers/queries"

// Seen is who saw what, in place of what the engine says of itself.
type Seen struct {
	Looks    []queries.AccessLook
	Days     []queries.ClientAccessDay
	Patterns []queries.Pattern
}

// SetRows gives a register these rows, whoever asks; none make it empty.
func (e *Engine) SetRows(register string, rows ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.registers == nil {
		e.registers = map[string][]any{}
	}
	e.registers[register] = rows
}

// SetNames calls every member of staff that; "" gives them their own names.
func (e *Engine) SetNames(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names = name
}

// SetSeen says who saw what.
func (e *Engine) SetSeen(s *Seen) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = s
}

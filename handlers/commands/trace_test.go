package commands_test

import (
	"testing"

	"github.com/casefile-engine/casefile/handlers/commands"
)

// Architecture §1.4, T8: a trace's context is kept with the commit; what else a
// caller writes into that header stands nowhere.
func TestOnlyATraceIsKept(t *testing.T) {
	k := newKit(t)
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for header, want := range map[string]string{trace: trace, "Jansen": "", trace + "-Jansen": "", trace[:30] + "JANSEN" + trace[36:]: ""} {
		c := operator
		c.TraceParent = header
		r := adopted("2019-01-01T00:00:00Z")
		k.want(k.h.Execute(t.Context(), c, r), commands.Accepted, "")
		all := k.all()
		if got := all[len(all)-1].Envelope.TraceParent; got != want {
			t.Errorf("%q is kept as %q, want %q", header, got, want)
		}
	}
}

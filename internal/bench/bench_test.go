package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/internal/bench"
)

// asChild is the first argument of a process that the benchmark starts.
const asChild = "bench-child"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == asChild {
		if err := bench.Child(context.Background(), os.Args[2], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A small run prints every target with a value, a reference and a ratio.
func TestEveryTargetIsMeasuredBesideItsReference(t *testing.T) {
	var out bytes.Buffer
	o := bench.Options{Events: 6000, Dir: t.TempDir(), Child: []string{os.Args[0], asChild}}
	if err := bench.Run(t.Context(), &out, o); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log("\n" + out.String())
	for _, id := range bench.Rows {
		found := false
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, id+" ") {
				continue
			}
			found = true
			if strings.Contains(line, "NaN") || strings.Contains(line, " 0.00 ms") || strings.Contains(line, " 0/s") || strings.Contains(line, " 0 MiB") {
				t.Errorf("a value or a reference is missing: %s", line)
			}
		}
		if !found {
			t.Errorf("no row %s", id)
		}
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("the run left %v, %v", left, err)
	}
}

// given a name that is no row, when it is asked for, then that is said at once
func TestUnknownRow(t *testing.T) {
	err := bench.Run(t.Context(), &bytes.Buffer{}, bench.Options{Only: []string{"P99"}})
	if err == nil || !strings.Contains(err.Error(), "P1, P2") {
		t.Errorf("got %v", err)
	}
}

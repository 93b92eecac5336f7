package vault

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

func BenchmarkSeal500(b *testing.B) {
	v := sqliteVault(b)(b)
	p := report(dossier(1), prepared(b, v, dossier(1)), 1)
	plain := make([]byte, 500)
	b.ReportAllocs()
	for b.Loop() {
		p.Version = p.Version%60_000 + 1
		if _, err := v.Seal(b.Context(), p, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen500(b *testing.B) {
	v := sqliteVault(b)(b)
	p := report(dossier(1), prepared(b, v, dossier(1)), 1)
	x := sealed(b, v, p, string(make([]byte, 500)))
	ack := ackFor(b, p)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(b.Context(), ack, x); err != nil {
			b.Fatal(err)
		}
	}
}

// The first use of a key after a start: read, unwrap, check, open.
func BenchmarkOpenColdKey(b *testing.B) {
	v := sqliteVault(b)(b, func(o *Options) { o.CacheKeys = 1 })
	var all [2]seal.Sealed
	for i := range all {
		all[i] = sealed(b, v, report(dossier(i), prepared(b, v, dossier(i)), 1), "x")
	}
	acks := []seal.Acknowledgement{ackFor(b, all[0].Place), ackFor(b, all[1].Place)}
	i := 0
	for b.Loop() {
		i ^= 1
		if _, err := v.Open(b.Context(), acks[i], all[i]); err != nil {
			b.Fatal(err)
		}
	}
}

// As an import does: windows of 1,000 commits that create 2,000 keys, announced
// after each window.
func BenchmarkPrepareWindow(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchPrepare(b, sqliteVault(b)(b)) })
	b.Run("sqlite with second copy", func(b *testing.B) {
		copied := filepath.Join(b.TempDir(), "copy")
		benchPrepare(b, sqliteVault(b)(b, func(o *Options) { o.SecondCopy = copied }))
	})
	b.Run("postgres", func(b *testing.B) { benchPrepare(b, postgresVault(b)(b)) })
}

func benchPrepare(b *testing.B, v *Vault) {
	const window = 2000
	keys, before := 0, cpuTime(b)
	for b.Loop() {
		scopes := make([]seal.Scope, 0, window)
		for range window / 2 {
			owner := "dossier/" + uuid.NewString()
			scopes = append(scopes, seal.Scope{Agency: "noord", Owner: owner, Class: domain.ClassDossier},
				seal.Scope{Agency: "noord", Owner: owner, Class: domain.ClassFiscal})
		}
		created, err := v.Prepare(b.Context(), scopes)
		if err != nil || len(created) != window {
			b.Fatal(len(created), err)
		}
		ids := make([]string, len(created))
		for i, k := range created {
			ids[i] = k.ID
		}
		if err := v.Announced(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
		keys += window
	}
	b.ReportMetric(float64(keys)/b.Elapsed().Seconds(), "keys/s")
	// Of the whole process; it says more than the rate on a machine that is shared.
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(keys), "cpu-µs/key")
	b.ReportMetric(0, "ns/op")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Single callers at once, each with a new scope: they share transactions.
func BenchmarkPrepareParallel(b *testing.B) {
	v := sqliteVault(b)(b)
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			s := seal.Scope{Agency: "noord", Owner: "dossier/" + uuid.NewString(), Class: domain.ClassDossier}
			if _, err := v.Prepare(b.Context(), []seal.Scope{s}); err != nil {
				b.Error(err)
			}
		}
	})
}

// A command on a dossier whose keys exist.
func BenchmarkPrepareKnown(b *testing.B) {
	v := sqliteVault(b)(b)
	scopes := []seal.Scope{dossier(1)}
	prepared(b, v, scopes[0])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Prepare(b.Context(), scopes); err != nil {
			b.Fatal(err)
		}
	}
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// smallEvents is the size of the stream that P5 compares with, smallDossiers
// the number of its dossiers.
const smallEvents, smallDossiers = 10_000, 100

// warm is the number of reads that do not count, on each dossier once.
const warm = thick

// reads measures P5 and P6: the same dossiers in a small and in the large
// stream, read in turns by their coaches.
func (w *world) reads(ctx context.Context) (err error) {
	data := w.r.path("small")
	if err := w.small(ctx, data); err != nil {
		return err
	}
	small, err := engine.Open(ctx, engine.Options{Data: data, Follow: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.Close()) }()
	large, err := engine.Open(ctx, engine.Options{Data: w.data, Follow: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.Close()) }()
	for _, e := range []*engine.Engine{small, large} {
		if err := e.CatchUp(ctx, nil); err != nil {
			return err
		}
	}
	if w.r.wants("P5") {
		if err := w.r.profiled("P5", func() error { return w.now(ctx, small, large) }); err != nil {
			return err
		}
	}
	if w.r.wants("P6") {
		return w.earlier(ctx, large)
	}
	return nil
}

// small makes the small stream and its views.
func (w *world) small(ctx context.Context, data string) error {
	err := with(ctx, data, func(e *engine.Engine) error { return begin(ctx, e, smallDossiers) })
	if err == nil {
		err = w.grow(ctx, data, smallDossiers, smallEvents)
	}
	if err != nil {
		return err
	}
	return with(ctx, data, func(e *engine.Engine) error { return e.CatchUp(ctx, nil) })
}

// look opens a thick dossier as its coach, who may see everything in it.
func look(ctx context.Context, e *engine.Engine, i int, o queries.DossierOptions) (*queries.DossierView, error) {
	o.Open = true
	r := queries.Reader{Caller: asCoach(i), Agency: agency, Purpose: "guidance", Action: "view"}
	v, err := e.Queries.Dossier(ctx, r, dossierID(i), o)
	if err == nil && v.AccessRecord == 0 {
		err = errors.New("a look left no access event")
	}
	return v, err
}

// now measures P5.
func (w *world) now(ctx context.Context, small, large *engine.Engine) error {
	w.r.say("P5: opening dossiers of %d events", thickEvents)
	var inSmall, inLarge []time.Duration
	for i := range warm + full(w.r, 1000, 40) {
		for _, s := range []struct {
			e     *engine.Engine
			times *[]time.Duration
		}{{small, &inSmall}, {large, &inLarge}} {
			err := timed(s.times, func() error {
				v, err := look(ctx, s.e, i%thick, queries.DossierOptions{})
				if err == nil && len(v.Timeline) < thickEvents {
					err = fmt.Errorf("a dossier shows %d events of %d", len(v.Timeline), thickEvents)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	ref := millis(percentile(inSmall[warm:], 0.99))
	ref.Note = fmt.Sprintf("at %s events", progress.Count(smallEvents))
	w.r.row("P5", fmt.Sprintf("opening a dossier of %d events, p99", thickEvents), millis(percentile(inLarge[warm:], 0.99)), ref,
		Target{MostRatio: 1.5, Most: 15, Text: "≤ 1.5×, ≤ 15 ms"})
	return nil
}

// earlier measures P6: the dossiers as they were, against reading their
// subjects with a filtered consumer.
func (w *world) earlier(ctx context.Context, e *engine.Engine) error {
	w.r.say("P6: the same dossiers as of an earlier time")
	nc, err := conn(e)
	if err != nil {
		return err
	}
	asOf := time.Now().UTC().Add(-time.Second)
	var views, filtered []time.Duration
	for i := range full(w.r, 600, 40) {
		if err := timed(&views, func() error {
			_, err := look(ctx, e, i%thick, queries.DossierOptions{AsOf: &asOf})
			return err
		}); err != nil {
			return err
		}
	}
	enough := time.Now().Add(full(w.r, 20*time.Second, time.Second))
	for i := 0; i < 2*thick && (i < 5 || time.Now().Before(enough)); i++ {
		took, err := readSubject(ctx, nc, dossierRef(i%thick).Subject(), thickEvents)
		if err != nil {
			return err
		}
		filtered = append(filtered, took)
	}
	ref := millis(percentile(filtered, 0.99))
	ref.Note = "filtered consumer"
	w.r.row("P6", "the same as of an earlier time, p99", millis(percentile(views, 0.99)), ref, Target{MostRatio: 0.1, Text: "≤ 0.1×"})
	return nil
}

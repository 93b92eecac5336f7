package paper

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the volumes in the order in which they were registered;
// From and Until bound the occurred_at of that. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	w.If(!filter.From.IsZero(), "registered >= ?", rows.Instant(filter.From))
	w.If(!filter.Until.IsZero(), "registered < ?", rows.Instant(filter.Until))
	q := `SELECT agency, volume, dossier, cabinet, registered, out_since, holder, purpose, destroyed, method, list, witnessed_by, position,
		(SELECT COUNT(*) FROM paper_outs o WHERE o.agency = paper.agency AND o.volume = paper.volume),
		COALESCE((SELECT MAX(day) FROM paper_attested a WHERE a.agency = paper.agency AND a.cabinet = paper.cabinet), '')
		FROM paper` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			r                          Row
			registered, out, destroyed int64
			attested                   string
		)
		err := scan(&r.Agency, &r.Volume, &r.Dossier, &r.Cabinet, &registered, &out, &r.Holder, &r.Purpose, &destroyed,
			&r.Method, &r.List, &r.WitnessedBy, &r.Position, &r.Times, &attested)
		if err != nil {
			return fmt.Errorf("reading the register of paper: %w", err)
		}
		r.RegisteredAt, r.OutSince, r.DestroyedAt = rows.Time(registered), rows.Time(out), rows.Time(destroyed)
		if err := rows.Dates(map[*nl.Date]string{&r.AttestedOn: attested}); err != nil {
			return err
		}
		switch r.State = StateIn; {
		case destroyed != 0:
			r.State = StateDestroyed
		case out != 0:
			r.State = StateOut
		}
		return f(r)
	})
}

// cabinetDay is a cabinet on a day.
type cabinetDay struct{ agency, cabinet, day string }

// attested is what an attestation says.
type attested struct {
	at  int64
	out []string
}

func loadAttested(ctx context.Context, db *readdb.DB, agency string) (map[cabinetDay]attested, error) {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	out := map[cabinetDay]attested{}
	err := rows.Query(ctx, db, "SELECT agency, cabinet, day, occurred, volumes_out FROM paper_attested"+w.String(), w.Args, func(scan func(...any) error) error {
		var (
			k    cabinetDay
			a    attested
			list string
		)
		if err := scan(&k.agency, &k.cabinet, &k.day, &a.at, &list); err != nil {
			return fmt.Errorf("reading the attestations of cabinets: %w", err)
		}
		a.out = rows.Split[string](list)
		out[k] = a
		return nil
	})
	return out, err
}

// Outs calls f with every time that a volume was out, by volume and time.
func Outs(ctx context.Context, db *readdb.DB, agency, dossier string, f func(Out) error) error {
	found, err := loadAttested(ctx, db, agency)
	if err != nil {
		return err
	}
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.If(dossier != "", "dossier = ?", dossier)
	q := "SELECT agency, volume, dossier, cabinet, since, returned FROM paper_outs" + w.String() + " ORDER BY agency, volume, since"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			o               Out
			since, returned int64
		)
		if err := scan(&o.Agency, &o.Volume, &o.Dossier, &o.Cabinet, &since, &returned); err != nil {
			return fmt.Errorf("reading the volumes that were out: %w", err)
		}
		o.Since, o.Returned = rows.Time(since), rows.Time(returned)
		o.Due = nl.DateOf(o.Since)
		for slices.Contains(found[cabinetDay{o.Agency, o.Cabinet, o.Due.String()}].out, o.Volume) {
			o.Due = o.Due.NextWorkday()
		}
		return f(o)
	})
}

// Days calls f with the working days, up to the given one, of each cabinet in
// which a volume stands, from the day on which it came into use, that were not
// attested by their end; and with the given day itself.
func Days(ctx context.Context, db *readdb.DB, agency string, until nl.Date, f func(Day) error) error {
	found, err := loadAttested(ctx, db, agency)
	if err != nil {
		return err
	}
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.And("EXISTS (SELECT 1 FROM paper WHERE paper.agency = paper_cabinets.agency AND paper.cabinet = paper_cabinets.cabinet AND paper.destroyed = 0)")
	q := "SELECT agency, cabinet, since FROM paper_cabinets" + w.String() + " ORDER BY agency, cabinet"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			d     Day
			since string
		)
		if err := scan(&d.Agency, &d.Cabinet, &since); err != nil {
			return fmt.Errorf("reading the cabinets: %w", err)
		}
		if err := rows.Dates(map[*nl.Date]string{&d.Day: since}); err != nil {
			return err
		}
		for ; !d.Day.After(until); d.Day = d.Day.AddDays(1) {
			a := found[cabinetDay{d.Agency, d.Cabinet, d.Day.String()}]
			d.Attested = rows.Time(a.at)
			inTime := a.at != 0 && !nl.DateOf(d.Attested).After(d.Day)
			if !d.Day.Workday() || inTime && d.Day != until {
				continue
			}
			if err := f(d); err != nil {
				return err
			}
		}
		return nil
	})
}

package retention

import (
	"fmt"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/rows"
)

// trajectory is what retention must know of a trajectory.
type trajectory struct {
	number                         string
	started, ended, agreementUntil nl.Date
}

// hold is what retention must know of a hold.
type hold struct {
	id             string
	classes        []domain.Class
	placed, lifted time.Time
}

// Trajectories and holds of a dossier are few and change seldom, so each list
// stands in one column: elements with a space between them, fields with a bar.
// Numbers, ids, dates and codes hold neither.

func packTrajectories(list []trajectory) string {
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = t.number + "|" + t.started.String() + "|" + t.ended.String() + "|" + t.agreementUntil.String()
	}
	return strings.Join(parts, " ")
}

func unpackTrajectories(packed string) ([]trajectory, error) {
	var list []trajectory
	for part := range strings.FieldsSeq(packed) {
		f := strings.Split(part, "|")
		if len(f) != 4 {
			return nil, fmt.Errorf("retention: a trajectory of the view has another form")
		}
		t := trajectory{number: f[0]}
		for i, d := range []*nl.Date{&t.started, &t.ended, &t.agreementUntil} {
			if f[i+1] == "" {
				continue
			}
			var err error
			if *d, err = nl.ParseDate(f[i+1]); err != nil {
				return nil, fmt.Errorf("retention: a trajectory of the view has another form: %w", err)
			}
		}
		list = append(list, t)
	}
	return list, nil
}

func packHolds(list []hold) string {
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = h.id + "|" + strings.ReplaceAll(rows.Join(h.classes), " ", ",") + "|" + packTime(h.placed) + "|" + packTime(h.lifted)
	}
	return strings.Join(parts, " ")
}

func unpackHolds(packed string) ([]hold, error) {
	var list []hold
	for part := range strings.FieldsSeq(packed) {
		f := strings.Split(part, "|")
		if len(f) != 4 {
			return nil, fmt.Errorf("retention: a hold of the view has another form")
		}
		h := hold{id: f[0], classes: rows.Split[domain.Class](strings.ReplaceAll(f[1], ",", " "))}
		for i, at := range []*time.Time{&h.placed, &h.lifted} {
			if f[i+2] == "" {
				continue
			}
			var err error
			if *at, err = time.Parse(time.RFC3339Nano, f[i+2]); err != nil {
				return nil, fmt.Errorf("retention: a hold of the view has another form: %w", err)
			}
		}
		list = append(list, h)
	}
	return list, nil
}

func packTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

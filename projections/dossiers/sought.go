package dossiers

import (
	"context"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Sought is what a search looks at in a dossier beside its names: clear facts.
type Sought struct {
	Dossier       string
	Trajectories  []string // numbers
	Commissioners []string // recipient ids, of the dossier and of its trajectories
}

// AssignedTo gives the dossiers to which a member of staff is assigned at an
// instant, in byte order. It reads his assignments and nothing else, however
// many dossiers the agency has.
func AssignedTo(ctx context.Context, db *readdb.DB, agency, staff string, at time.Time) ([]string, error) {
	t := rows.Instant(at)
	const q = `SELECT DISTINCT dossier FROM dossiers_assignments
		WHERE agency = ? AND staff = ? AND since <= ? AND (until = 0 OR until > ?) ORDER BY dossier`
	var out []string
	err := rows.Query(ctx, db, q, []any{agency, staff, t, t}, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		out = append(out, id)
		return nil
	})
	return out, err
}

const soughtSelect = "SELECT d.dossier, d.commissioner, d.trajectories FROM dossiers d WHERE d.agency = ?"

// Among calls f with the dossiers of an agency that are among ids.
func Among(ctx context.Context, db *readdb.DB, agency string, ids []string, f func(Sought) error) error {
	return rows.Chunks(ids, particularsChunk, func(part []string) error {
		args := []any{agency}
		for i := range particularsChunk {
			args = append(args, part[min(i, len(part)-1)])
		}
		return sought(ctx, db, soughtSelect+" AND d.dossier IN ("+marks(particularsChunk)+")", args, f)
	})
}

// Naming calls f with the dossiers of an agency in whose trajectories one of the
// texts stands, in lower case, or whose commissioner is one of those. The texts
// may stand elsewhere than in a number: f looks itself.
func Naming(ctx context.Context, db *readdb.DB, agency string, texts, commissioners []string, f func(Sought) error) error {
	var or []string
	args := []any{agency}
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	for _, t := range texts {
		or = append(or, `LOWER(d.trajectories) LIKE ? ESCAPE '\'`)
		args = append(args, "%"+escape.Replace(t)+"%")
	}
	for _, c := range commissioners {
		or = append(or, "d.commissioner = ? OR d.trajectories LIKE ?")
		args = append(args, c, `%"commissioner":"`+c+`"%`)
	}
	if len(or) == 0 {
		return nil
	}
	return sought(ctx, db, soughtSelect+" AND ("+strings.Join(or, " OR ")+")", args, f)
}

func sought(ctx context.Context, db *readdb.DB, q string, args []any, f func(Sought) error) error {
	return rows.Query(ctx, db, q, args, func(scan func(...any) error) error {
		var s Sought
		var commissioner, packed string
		if err := scan(&s.Dossier, &commissioner, &packed); err != nil {
			return err
		}
		var list []Trajectory
		if err := decode(packed, &list); err != nil {
			return err
		}
		if commissioner != "" {
			s.Commissioners = append(s.Commissioners, commissioner)
		}
		for _, t := range list {
			s.Trajectories = append(s.Trajectories, t.Trajectory)
			if t.Commissioner != "" && t.Commissioner != commissioner {
				s.Commissioners = append(s.Commissioners, t.Commissioner)
			}
		}
		return f(s)
	})
}

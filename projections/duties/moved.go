package duties

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// move takes an item out of the wrong client's file and gives what must be told
// of it to the client whose it is, with the day on which it was obtained: that is
// owed from the move on, whether or not the record could be brought there yet
// (C-2.9.3b, C-I2, L-14). Its trajectory and its consent were the other client's.
func (f fold) move(e *dossier.RecordMoved, event string) error {
	row, ok, err := f.tx.Get(f.ctx, tableItems, f.meta.Agency, f.meta.Aggregate, e.Record)
	if err != nil || !ok {
		return err
	}
	here, there := slices.Clone(row), slices.Clone(row)
	here[itemShielded], here[itemMoved] = f.at, f.at
	if err := f.tx.Put(f.ctx, tableItems, here); err != nil {
		return err
	}
	if !slices.Contains(Others, there[itemSource].(string)) && there[itemUnexpected] == int64(0) {
		return nil
	}
	there[itemDossier], there[itemPosition], there[itemAt] = e.ToDossier, f.position(), f.at
	there[itemTrajectory], there[itemConsent], there[itemShielded], there[itemMoved] = "", "", int64(0), int64(0)
	if err := f.tx.Put(f.ctx, tableItems, there); err != nil {
		return err
	}
	return f.tx.Put(f.ctx, tableArriving, readdb.Row{f.meta.Agency, e.ToDossier, event, e.Record})
}

// arrived gives way to the record that a move brought: it stands for the item
// from now on. It gives the id that the record had in the wrong file, or "" for
// a record that was not brought by a move.
func (f fold) arrived() (was string, err error) {
	if f.cause == "" || f.meta.Actor != domain.Engine {
		return "", nil
	}
	row, ok, err := f.tx.Get(f.ctx, tableArriving, f.meta.Agency, f.meta.Aggregate, f.cause)
	if err != nil || !ok {
		return "", err
	}
	was = row[3].(string)
	if err := f.tx.Delete(f.ctx, tableArriving, f.meta.Agency, f.meta.Aggregate, f.cause); err != nil {
		return "", err
	}
	return was, f.tx.Delete(f.ctx, tableItems, f.meta.Agency, f.meta.Aggregate, was)
}

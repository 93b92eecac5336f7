package vault

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// Record is what the vault's tables say of a key in the clear.
type Record struct {
	ID, Agency, Owner, Class string
	Commitment               string // hex
	Status                   string
	Nodes                    int // wrapped nodes of its tree
}

// Inspect calls f with every key in the tables of a vault, read through db, which
// may have been opened for reading alone. It needs no keys and opens none: whether
// what is wrapped opens is Check's.
func Inspect(ctx context.Context, db *sql.DB, f func(Record) error) error {
	rows, err := db.QueryContext(ctx, "SELECT k.id, k.agency, k.owner, k.class, k.commitment, k.status, (SELECT count(*) FROM nodes n WHERE n.key_id = k.id) FROM root_keys k")
	return eachRow(rows, err, func(rows *sql.Rows) error {
		var r Record
		var id, commitment []byte
		if err := rows.Scan(&id, &r.Agency, &r.Owner, &r.Class, &commitment, &r.Status, &r.Nodes); err != nil {
			return err
		}
		u, err := uuid.FromBytes(id)
		if err != nil {
			return fmt.Errorf("vault: a key without an id: %w", err)
		}
		r.ID, r.Commitment = u.String(), hex.EncodeToString(commitment)
		return f(r)
	})
}

// Inspect is the function of that name on the open vault.
func (v *Vault) Inspect(ctx context.Context, f func(Record) error) error {
	return Inspect(ctx, v.db.DB, f)
}

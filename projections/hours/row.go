package hours

// Row is one entry of hours with its corrections folded in, as the export
// `hours` gives it (catalogue §3, C-0b).
type Row struct {
	Agency     string `json:"agency"`
	Dossier    string `json:"dossier"`
	Entry      string `json:"entry"`
	Trajectory string `json:"trajectory"`
	Date       string `json:"date"` // YYYY-MM-DD, the day of the work
	Minutes    int    `json:"minutes"`
	Activity   string `json:"activity"`
	// Actor is who worked: the member of staff named, or else who logged it.
	Actor string `json:"actor"`

	// Position is that of the commit that logged the entry; the register is in its order.
	Position uint64 `json:"-"`
	// Corrections counts the corrections so far.
	Corrections int `json:"-"`
}

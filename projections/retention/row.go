package retention

// Row is the retention of one class of one dossier on a given day, as the
// export `retention` gives it (catalogue §3, C-2.5a, C-2.5b). Dates are
// YYYY-MM-DD; what is not known is absent.
type Row struct {
	Agency  string `json:"agency"`
	Dossier string `json:"dossier"`
	Class   string `json:"class"`
	Profile string `json:"profile,omitempty"`
	Starts  string `json:"starts,omitempty"`
	Term    string `json:"term,omitempty"`
	Due     string `json:"due,omitempty"`
	// Status is undetermined, running, due, held or destroyed.
	Status string `json:"status"`
	// Missing are the codes of what has to happen before there is a due date.
	Missing []string `json:"missing,omitempty"`
	// Holds are the ids of the holds that cover the class on that day.
	Holds []string `json:"holds,omitempty"`
	// Explanation says in Dutch how the date comes about.
	Explanation string `json:"explanation"`

	// ExplanationEN is the same in English, Rule the requirement the term rests
	// on, ProfileVersion the version of Profile.
	ExplanationEN  string `json:"-"`
	Rule           string `json:"-"`
	ProfileVersion int    `json:"-"`
}

package scrub

import (
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// outside judges one agency's commits by what witnesses and time stamps said of
// its log, and tells the newest of each.
func (s *scrubber) outside(a *ledger.Audit, o ledger.Outcome) {
	for _, x := range a.Outside {
		b := backing(a.Agency, x)
		i := slices.IndexFunc(s.r.Backings, func(y Backing) bool {
			return y.Agency == b.Agency && y.Kind == b.Kind && y.By == b.By && y.Key == b.Key
		})
		if i < 0 {
			s.r.Backings = append(s.r.Backings, b)
		} else { // they come by size
			s.r.Backings[i] = b
		}
	}
	for _, x := range o.Against {
		b := backing(a.Agency, x)
		s.r.Add(Finding{Kind: Altered, Part: "ledger", Position: x.Signed.Position, Commit: Commit{Agency: a.Agency}, File: a.Agency + "/outside",
			Message: fmt.Sprintf("%s vouched at %s for another tree of %d commits than the commits give", b.By, b.At.Format(time.RFC3339), b.Size)})
	}
	if len(o.Beyond) == 0 {
		return
	}
	b := backing(a.Agency, o.Beyond[len(o.Beyond)-1])
	s.r.Add(Finding{Kind: Restored, Part: "ledger", Commit: Commit{Agency: a.Agency}, File: a.Agency + "/outside",
		Message: fmt.Sprintf("%s vouched at %s for %d commits, and there are %d: commits were cut off, or an older copy was put back", b.By, b.At.Format(time.RFC3339), b.Size, o.Found)})
}

func backing(agency string, x ledger.Outside) Backing {
	b := Backing{Agency: agency, Kind: "cosignature", By: x.Witness.Name, Key: x.Witness.Text, Size: x.Signed.Size, At: x.At}
	if x.Stamp != nil {
		b.Kind, b.By = "time_stamp", "an authority"
		if st, err := verify.CheckStamp(x.Stamp, x.Signed.Note, nil, verify.Nonce{}); err == nil {
			b.By = st.Authority
		}
	}
	return b
}

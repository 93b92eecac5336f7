package bundle

// backed says who outside stands behind the bundle's checkpoints.
func (r *Report) backed(f func(both, ...any) string) (out []string) {
	for _, x := range r.Cosigners {
		out = append(out, f(both{
			"Medeondertekend door getuige %s op %s, zoals het logboek was bij %d vastleggingen (sleutel %s).",
			"Cosigned by the witness %s at %s, as the log was at %d commits (key %s).",
		}, x.Name, Moment(x.At), x.Checkpoint.Size, grouped(x.Fingerprint()[:16])))
		if x.Named {
			out = append(out, f(both{"Dat is een getuige die u zelf hebt genoemd.", "That is a witness that you named yourself."}))
		} else {
			out = append(out, f(both{
				"Die sleutel hebt u niet genoemd: wie de bundel maakte, kan hem ook gemaakt hebben. Noem met --witness de sleutel die u van de getuige zelf kreeg.",
				"That is a key that you did not name: whoever made the bundle may have made it too. Name with --witness the key that the witness itself gave you.",
			}))
		}
	}
	if len(r.Cosigners) == 0 {
		out = append(out, f(both{"Er staat geen getuige achter: alleen de instelling zelf heeft ondertekend.", "No witness stands behind it: the agency alone has signed."}))
	}
	for _, s := range r.Stamps {
		out = append(out, f(both{
			"Tijdstempel van %s: %s, over het logboek zoals het was bij %d vastleggingen.",
			"Time stamp of %s: %s, over the log as it was at %d commits.",
		}, s.Authority, Moment(s.Time), s.Checkpoint.Size))
		if s.Rooted {
			out = append(out, f(both{"Dat certificaat leidt naar een stamcertificaat dat u hebt meegegeven.", "That certificate leads to a root that you gave."}))
		} else {
			out = append(out, f(both{
				"Van dat certificaat staat niet vast wie het uitgaf: geef met --tsa-roots de stamcertificaten die u vertrouwt.",
				"It is not settled who issued that certificate: give with --tsa-roots the roots that you trust.",
			}))
		}
	}
	if len(r.Stamps) == 0 {
		out = append(out, f(both{"Er staat geen tijdstempel achter.", "No time stamp stands behind it."}))
	}
	return out
}

// rooted is the oldest time stamp that leads to a root of the checker and covers
// all that the completeness is about, else the newest that leads there.
func (r *Report) rooted() (best Stamped, ok bool) {
	for _, s := range r.Stamps {
		if !s.Rooted {
			continue
		}
		best, ok = s, true
		if !s.Checkpoint.Recorded.Before(r.UpTo) {
			break
		}
	}
	return best, ok
}

// unwitnessed says what only others could vouch for.
func (r *Report) unwitnessed(f func(both, ...any) string) (out []string) {
	x, witnessed := r.Witnessed()
	switch {
	case !witnessed:
		out = append(out, f(both{"Dat de instelling niet ook een tweede, ander logboek onder dezelfde sleutel bijhoudt: vergelijk daarvoor een controlepunt met dat van een ander, of met een getuige.", "That the agency does not keep a second, different log under the same key: compare a checkpoint with somebody else's for that, or with a witness's."}))
	case x.Checkpoint.Size < r.Last.Size:
		out = append(out, f(both{"Dat er na de medeondertekening (%d vastleggingen) geen tweede, ander vervolg van het logboek is.", "That there is no second, different continuation of the log after the cosignature (%d commits)."}, x.Checkpoint.Size))
	}
	if _, stamped := r.rooted(); stamped {
		return append(out, f(both{"Dat de klok van de instelling goed liep: de tijden van de vastleggingen zijn de hare. Bewezen is de volgorde, en dat zij er op de tijdstempel al waren.", "That the agency's clock was right: the times of the commits are its own. What is proved is the order, and that they were there by the time stamp."}))
	}
	return append(out, f(both{"Dat de klok van de instelling goed liep: de tijden zijn de hare. Bewezen is de volgorde.", "That the agency's clock was right: the times are its own. What is proved is the order."}))
}

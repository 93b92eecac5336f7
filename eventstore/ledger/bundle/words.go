package bundle

import (
	"fmt"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// Words is what a bundle proves, in plain words.
type Words struct {
	Title     string   `json:"title"`
	Signed    []string `json:"signed"`
	Proved    []string `json:"proved"`
	NotProved []string `json:"not_proved"`
	Along     []string `json:"along"` // what goes along, and who should mind it
}

// both is a sentence in Dutch and in English.
type both struct{ nl, en string }

func (b both) in(l nl.Lang) string {
	if l == nl.English {
		return b.en
	}
	return b.nl
}

// Moment is an instant as people in the Netherlands read the clock, with the zone.
func Moment(t time.Time) string { return t.In(nl.Amsterdam()).Format("02-01-2006 15:04:05 MST") }

// Says gives the report in words.
func (r *Report) Says(l nl.Lang) Words {
	f := func(b both, args ...any) string { return fmt.Sprintf(b.in(l), args...) }
	w := Words{Title: f(both{"Bewijs over dossier %s van instelling %s", "Evidence on dossier %s of agency %s"}, r.Dossier, r.Agency)}
	w.Signed = []string{
		f(both{"Ondertekend met de sleutel van het logboek %s.", "Signed with the key of the log %s."}, r.Origin),
		f(both{"Vingerafdruk van de sleutel (SHA-256): %s.", "Fingerprint of the key (SHA-256): %s."}, grouped(r.Key.Fingerprint())),
	}
	if r.Trusted {
		w.Signed = append(w.Signed, f(both{"Dat is de sleutel die u zelf hebt meegegeven.", "That is the key that you gave yourself."}))
	} else {
		w.Signed = append(w.Signed, f(both{
			"Die sleutel zit in de bundel zelf. Vergelijk de vingerafdruk met die welke u langs een andere weg van de instelling kreeg (het bestand ledger.pub van haar gegevensmap, of een eerdere bundel), of geef haar sleutel mee met --key.",
			"That key is in the bundle itself. Compare the fingerprint with the one that the agency gave you by another way (the file ledger.pub of its data directory, or an earlier bundle), or give its key with --key.",
		}))
	}
	w.Signed = append(w.Signed, r.backed(f)...)
	w.Proved = r.proved(f)
	w.NotProved = r.notProved(f)
	w.Along = r.along(f)
	return w
}

func (r *Report) proved(f func(both, ...any) string) []string {
	looks, people := r.Looks(), map[string]bool{}
	for _, c := range looks {
		people[c.Envelope.Actor] = true
	}
	out := []string{
		f(both{"Geen byte van de bundel is veranderd sinds de ondertekening.", "No byte of the bundle was changed since it was signed."}),
		f(both{"Alle %d vastleggingen in de bundel staan zo in het logboek, op de plaats die erbij staat.", "All %d commits in the bundle stand in the log as they are here, at the place that is given."}, len(r.Commits)),
		f(both{"Het logboek is tussen het eerste en het laatste van %d controlepunten (%s en %s) alleen aangevuld: niets is gewijzigd, weggelaten of verplaatst.", "Between the first and the last of %d checkpoints (%s and %s) the log was only added to: nothing was changed, left out or moved."},
			r.Checkpoints, Moment(r.First.Recorded), Moment(r.Last.Recorded)),
	}
	if r.Since.IsZero() {
		out = append(out, f(both{"Er is vanaf het begin van het logboek tot en met %s geen andere vastlegging die dit dossier noemt; ook geen inzage, lijst of zoekvraag waarin het stond.", "From the beginning of the log up to and including %s there is no other commit that names this dossier; no access either, nor a list or a search in which it stood."}, Moment(r.UpTo)))
	} else {
		out = append(out, f(both{"Er is na %s en tot en met %s geen andere vastlegging die dit dossier noemt; ook geen inzage, lijst of zoekvraag waarin het stond.", "After %s and up to and including %s there is no other commit that names this dossier; no access either, nor a list or a search in which it stood."}, Moment(r.Since), Moment(r.UpTo)))
	}
	out = append(out, f(both{"Inzagen die in de gevraagde periode zijn vastgelegd: %d, personen of diensten die inzagen: %d. Deze en geen andere.", "Accesses recorded in the period asked for: %d; people or services that looked: %d. These and no others."}, len(looks), len(people)))
	if x, ok := r.Witnessed(); ok {
		out = append(out, f(both{
			"Voor de eerste %d vastleggingen van het logboek (vastgelegd tot en met %s) bestaat geen tweede, andere geschiedenis die getuige %s heeft bevestigd.",
			"For the first %d commits of the log (recorded up to and including %s) there is no second, different history that the witness %s confirmed.",
		}, x.Checkpoint.Size, Moment(x.Checkpoint.Recorded), x.Name))
	}
	if s, ok := r.rooted(); ok {
		out = append(out, f(both{
			"De eerste %d vastleggingen van het logboek bestonden op %s, volgens de tijdstempel van %s: niets daarvan is later gemaakt.",
			"The first %d commits of the log existed at %s, by the time stamp of %s: nothing of it was made later.",
		}, s.Checkpoint.Size, Moment(s.Time), s.Authority))
	}
	if n := len(r.Policies); n > 0 {
		out = append(out, f(both{"De beleidsregels waarop is beslist (%d) en de reglementen (%d) gaan mee en hebben de controlegetallen in hun naam.", "The policies by which was decided (%d) and the regulations (%d) come along and have the digests in their names."}, n, len(r.Profiles)))
	}
	if n := r.openSections(); n > 0 {
		out = append(out, f(both{"Van de %d geopende gegevens gaat de versleutelde vorm mee; het logboek dekt het controlegetal daarvan.", "Of the %d opened pieces the sealed form comes along; the log covers its digest."}, n))
	}
	return out
}

func (r *Report) openSections() (n int) {
	for _, o := range r.Contents.Opened {
		if o.State == "open" {
			n++
		}
	}
	return n
}

func (r *Report) notProved(f func(both, ...any) string) []string {
	var out []string
	if !r.FromProved {
		out = append(out, f(both{"De volledigheid geldt niet vanaf het gevraagde begin, maar pas na het tijdstip hierboven.", "The completeness does not hold from the beginning that was asked for, but only after the time above."}))
	}
	if !r.UntilProved {
		out = append(out, f(both{"De volledigheid geldt niet tot het gevraagde einde, maar tot het tijdstip hierboven: verder ging het logboek nog niet.", "The completeness does not hold up to the end that was asked for, but up to the time above: the log went no further yet."}))
	}
	out = append(out, r.unwitnessed(f)...)
	out = append(out,
		f(both{"Dat de ondertekende kaart, waarop de volledigheid rust, elke vastlegging meetelt: wie de sleutel heeft, kan er een ondertekenen waarin een inzage ontbreekt. casefile verify op de installatie zelf rekent elke kaart na uit de vastleggingen; laat een auditor dat doen.", "That the signed map, on which the completeness rests, counts every commit: whoever has the key could sign one that lacks an access. casefile verify of the installation itself works every map out anew from the commits; have an auditor do so."}),
		f(both{"Wat buiten het systeem om is gezien: een afdruk, een scherm waar iemand meekeek, of de opslag zelf met de sleutels erbij.", "What was seen outside of the system: a print, a screen that somebody else looked at, or the storage itself together with the keys."}),
		f(both{"Dat een medewerker werkelijk degene was op wiens account is gewerkt.", "That a member of staff really was the one on whose account the work was done."}),
		f(both{"Wat later is vastgelegd over een tijd in deze periode, zoals het ingelezen logboek van een ouder systeem.", "What was recorded later about a time in this period, such as the log of an older system that was brought in."}),
		f(both{"Het adres op de stroom (position) bij een vastlegging: dat verklaart de ondertekenaar, niet het logboek. README.html en report.pdf zijn leeshulp; dit oordeel rust er niet op.", "The address on the stream (position) of a commit: the signer says so, not the log. README.html and report.pdf help to read; this verdict does not rest on them."}),
	)
	if r.openSections() > 0 {
		out = append(out, f(both{"Dat de geopende tekst de inhoud van de versleutelde vorm is: dat verklaart de ondertekenaar, alleen de sleutel in de kluis kan het tonen.", "That the opened text is what the sealed form holds: the signer says so, and only the key in the vault can show it."}))
	}
	if n := len(r.PoliciesUnknown); n > 0 {
		out = append(out, f(both{"De tekst van %d oudere versies van de beleidsregels: alleen het controlegetal is bekend.", "The text of %d older versions of the policies: only the digest is known."}, n))
	}
	return out
}

func (r *Report) along(f func(both, ...any) string) []string {
	var out []string
	if r.AccessInside {
		out = append(out, f(both{"Het maken van deze bundel is zelf als inzage vastgelegd en staat in de bundel (position %d).", "The making of this bundle is itself recorded as an access, and stands in the bundle (position %d)."}, r.AccessPosition))
	} else {
		out = append(out, f(both{"Het maken van deze bundel is zelf als inzage vastgelegd (position %d), na de periode en dus buiten de bundel.", "The making of this bundle is itself recorded as an access (position %d), after the period and so outside of the bundle."}, r.AccessPosition))
	}
	if n := r.lists(); n > 0 {
		out = append(out, f(both{"Van %d vastleggingen die meer dossiers noemden, zoals lijsten, zit alleen de regel van dit dossier in de bundel, met het bewijs dat hij in de lijst stond. Van de andere dossiers daarin staat vast hoeveel het er waren; welke, is niet te zien.", "Of %d commits that named more dossiers, such as lists, the bundle holds the entry of this dossier alone, with the proof that it stood in the list. Of the other dossiers in them it is fixed how many they were; which ones cannot be seen."}, n))
	}
	if outside := len(r.Commits) - r.inPeriod(); outside > 0 {
		out = append(out, f(both{"%d vastleggingen net buiten de gevraagde periode gaan mee, omdat de volledigheid van controlepunt tot controlepunt wordt bewezen.", "%d commits just outside of the period asked for come along, since completeness is proved from checkpoint to checkpoint."}, outside))
	}
	if r.openSections() > 0 {
		out = append(out, f(both{"De bundel bevat geopende persoonsgegevens. Bewaar hem als het dossier zelf.", "The bundle holds opened personal data. Keep it as you would the dossier itself."}))
	}
	return out
}

// lists is the number of commits that named other dossiers too.
func (r *Report) lists() (n int) {
	for _, c := range r.Commits {
		if c.Listed > 0 {
			n++
		}
	}
	return n
}

func (r *Report) inPeriod() (n int) {
	for _, c := range r.Commits {
		if c.Within {
			n++
		}
	}
	return n
}

// grouped writes a digest in groups that can be read aloud.
func grouped(s string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

// refusals are the codes in words.
var refusals = map[string]both{
	CodeNoBundle:   {"dit is geen bewijsbundel", "this is no evidence bundle"},
	CodeTruncated:  {"het bestand is afgekapt; vraag het opnieuw", "the file is cut short; ask for it again"},
	CodeTooLarge:   {"het bestand is groter dan een bewijsbundel kan zijn", "the file is larger than an evidence bundle can be"},
	CodeCompressed: {"het bestand is ingepakt; een bewijsbundel is dat nooit. Er is niets uitgepakt", "the file is compressed, which an evidence bundle never is. Nothing was unpacked"},
	CodeName:       {"er staat een bestandsnaam in die niet in een bewijsbundel hoort. Er is niets uitgepakt", "it has a file name that does not belong in an evidence bundle. Nothing was unpacked"},
	CodeForm:       {"de bundel heeft een andere vorm dan de ene die er is; er is iets aan veranderd", "the bundle has another form than the one there is; something in it was changed"},
	CodeMissing:    {"er ontbreekt een bestand", "a file is missing"},
	CodeExtra:      {"er zit een bestand bij dat er niet in hoort", "it has a file that does not belong in it"},
	CodeAltered:    {"een bestand is veranderd sinds de ondertekening", "a file was changed since it was signed"},
	CodeSignature:  {"de handtekening klopt niet", "the signature does not hold"},
	CodeKey:        {"de sleutel is geen sleutel van een logboek", "the key is no key of a log"},
	CodeOtherKey:   {"de bundel is met een andere sleutel ondertekend dan de sleutel die u meegaf", "the bundle was signed with another key than the one that you gave"},
	CodeOtherLog:   {"de bundel heeft delen van verschillende logboeken", "the bundle has parts of different logs"},
	CodeCheckpoint: {"een controlepunt klopt niet of ontbreekt", "a checkpoint does not hold, or is missing"},
	CodeProof:      {"een bewijs klopt niet: deze vastlegging staat zo niet in het logboek", "a proof does not hold: this commit does not stand in the log as it is here"},
	CodeContents:   {"een bestand zegt iets anders dan de rest van de bundel", "a file says something else than the rest of the bundle"},
	CodeHistory:    {"het logboek is niet alleen aangevuld: de geschiedenis is herschreven", "the log was not only added to: its history was rewritten"},
	CodeIncomplete: {"de bundel is niet volledig: er zijn vastleggingen over dit dossier die er niet in zitten", "the bundle is not complete: there are commits on this dossier that are not in it"},
	CodeForeign:    {"er zit een vastlegging in die niet bij dit dossier of deze instelling hoort", "it has a commit that does not belong to this dossier or this agency"},
	CodeList:       {"een regel uit een lijst hoort niet bij die lijst, of niet bij dit dossier", "an entry of a list does not belong to that list, or not to this dossier"},
	CodeChain:      {"de vastleggingen van het dossier volgen elkaar niet op", "the dossier's commits do not follow each other"},
	CodeOpened:     {"een geopend gegeven hoort niet bij de vastlegging waar het bij staat", "an opened piece does not belong to the commit that it stands with"},
	CodeWitness:    {"een medeondertekening van een getuige klopt niet", "a cosignature of a witness does not hold"},
	CodeStamp:      {"een tijdstempel klopt niet", "a time stamp does not hold"},
	CodeText:       {"een tekst van beleid of reglement heeft een ander controlegetal", "a text of the policies or regulations has another digest"},
}

// Says gives the refusal in words.
func (r *Refusal) Says(l nl.Lang) string {
	s := refusals[r.Code].in(l)
	if r.File != "" {
		s += " (" + r.File + ")"
	}
	return s
}

package regulation

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Severity of a finding.
type Severity string

// The severities, from the gravest.
const (
	SeverityRefused Severity = "refused" // loosens the law; the profile cannot be adopted
	SeverityWarning Severity = "warning" // has no basis in today's law
	SeverityLaw     Severity = "law"     // the law layer has added something
	SeverityNote    Severity = "note"    // a tension inside the regulation, with the choice made
)

// Finding is one remark on a profile.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	Path     string   `json:"path,omitempty"` // JSON pointer into the profile
	Line     int      `json:"line,omitempty"` // of the document, where there is one
	Text     Text     `json:"text"`
}

// reviewTerm is the longest term that needs no statute: the regulator's two
// years after completion (requirements §5).
var reviewTerm = nl.YearsTerm(2)

// doubts are what the law does not forbid and yet does not carry, and the
// tensions inside the regulation.
func (l *law) doubts() {
	l.doubtTerms()
	l.doubtGrounds()
	l.doubtWords()
	for i, n := range l.p.Notes {
		l.findings = append(l.findings, Finding{Code: n.Code, Severity: SeverityNote, Rule: n.Rule, Path: at("/notes", i), Text: n.Text})
	}
}

func (l *law) doubtTerms() {
	for i, r := range l.p.Retention {
		fiscal := r.Class == domain.ClassFiscal
		if r.Basis == "" && !reviewTerm.Longer(r.Term) {
			l.doubt("retention_without_basis", "C-2.5a", at("/retention", i, "term"), Text{
				"Geen algemene wet schrijft deze termijn voor (" + string(r.Class) + ": " + r.Term.Text(nl.Dutch) + "); de toezichthouder noemt 2 jaar na afloop, de fiscus 7 jaar voor de administratie. Noem de wettelijke basis of verkort de termijn.",
				"No general statute prescribes this term (" + string(r.Class) + ": " + r.Term.Text(nl.English) + "); the regulator names 2 years after completion, the tax authority 7 for the administration. Name the statute, or shorten the term.",
			})
		}
		if fiscal && r.Basis != "" && !nl.YearsTerm(FiscalYears).Longer(r.Term) {
			l.doubt("fiscal_longer_than_duty", "C-2.5a", at("/retention", i, "term"), Text{"De fiscale plicht is 7 jaar; langer heeft die basis niet.", "The fiscal duty is 7 years; a longer term does not rest on it."})
		}
	}
}

func (l *law) doubtGrounds() {
	texts := map[domain.Ground]struct {
		rule string
		text Text
	}{
		domain.GroundVitalInterest:  {"L-9", Text{"De helft over preventie en welbevinden heeft geen grondslag in de AVG; alleen ernstig gevaar waarbij de cliënt niet kan toestemmen.", "The half on prevention and well-being has no basis in the AVG; only serious danger in which the client cannot consent."}},
		domain.GroundUrgentReason:   {"L-6", Text{"Een dringende en gewichtige reden is hoogstens een gerechtvaardigd belang en draagt geen gezondheidsgegevens.", "An urgent and weighty reason is a legitimate interest at best and carries no health data."}},
		domain.GroundContactDetails: {"L-6", Text{"Contactgegevens verstrekken is op zichzelf geen grondslag: er is een gerechtvaardigd belang nodig, en de cliënt kan bezwaar maken.", "Contact details are no legal basis as such: a legitimate interest is needed, and the client may object."}},
	}
	for i, g := range l.p.Grounds {
		if t, ok := texts[g.Code]; ok {
			l.doubt("ground_wider_than_law", t.rule, at("/grounds", i), t.text)
		}
	}
	for i, c := range l.p.Categories {
		if c.Code == domain.CatInsuranceCard {
			l.doubt("necessity_doubtful", "C-4c", at("/categories", i), Text{"Een kopie van de zorgpas is zelden nodig; leg vast waarom.", "A copy of the insurance card is rarely needed; record why."})
		}
	}
	for i, c := range l.p.Channels {
		if c.Code == "telephone" && len(c.Only) == 0 {
			l.doubt("telephone_open", "L-32", at("/channels", i), Text{"Het reglement zwijgt over de telefoon; wie belt is niet zeker. Overweeg haar te sluiten.", "The regulation is silent about the telephone; who calls is not certain. Consider closing it."})
		}
	}
}

func (l *law) doubtWords() {
	p := l.p
	if p.Role.Wording == "verwerker" || p.Role.Default == "processor" {
		l.doubt("processor_wording", "C-2.1.1", "/role", Text{"Het reglement zegt verwerker; zonder verwerkersovereenkomst is het bureau verwerkingsverantwoordelijke.", "The regulation says processor; without a processing agreement the agency is the controller."})
	}
	if p.EffectiveFrom.Value.IsZero() {
		l.doubt("undated", "C-5", "/effective_from", Text{"Het reglement heeft geen datum van inwerkingtreding.", "The regulation has no date on which it came into force."})
	}
	if slices.Contains(p.Cites, "Wbp") || slices.Contains(p.Cites, "CBP") {
		l.doubt("superseded_law", "L-30", "/cites", Text{"Het reglement noemt de Wbp of het CBP; gelezen als AVG, UAVG en AP, met een register van verwerkingen.", "The regulation names the Wbp or the CBP; read as AVG, UAVG and AP, with a register of processing."})
	}
	if !p.ChangeNotice.Value {
		l.doubt("change_without_notice", "L-13", "/change_notice", Text{"Een nieuw doel wordt vooraf aan de cliënt gemeld, wat het reglement ook zegt.", "A new purpose is told to the client beforehand, whatever the regulation says."})
	}
	if p.Access.Model == "team" {
		l.doubt("access_wider_than_promised", "C-0d", "/access", Text{"Het hele team kan lezen; de cliënt is verteld dat alleen wie begeleidt leest.", "The whole team can read; the client has been told that only those who guide do."})
	}
	if p.Coupling.Allowed {
		l.doubt("coupling_open", "C-2.8", "/coupling", Text{"Koppelingen zijn toegestaan; elke koppeling is een verstrekking met een eigen grond.", "Couplings are allowed; each one is a disclosure with its own ground."})
	}
	if p.Requests.Extension > 0 {
		l.doubt("extension_allowed", "L-12", "/requests/extension", Text{"Uitstel van antwoord staat in de wet en niet in het reglement; het bericht gaat uit voor de eerste termijn om is.", "Putting an answer off is in the law and not in the regulation; the notice goes out before the first deadline."})
	}
}

// CheckEffective are the findings on the day from which an agency lets a profile
// hold: a day before the regulation's own is a finding and no refusal
// (catalogue §2).
func CheckEffective(p *Profile, from nl.Date) []Finding {
	own := p.EffectiveFrom.Value
	if own.IsZero() || !from.Before(own) {
		return nil
	}
	return []Finding{{Code: "effective_before_regulation", Severity: SeverityWarning, Rule: p.EffectiveFrom.Rule, Path: "/effective_from", Text: Text{
		NL: "Het profiel geldt vanaf " + from.Long(nl.Dutch) + ", het reglement zelf pas vanaf " + own.Long(nl.Dutch) + ".",
		EN: "The profile holds from " + from.Long(nl.English) + ", the regulation itself only from " + own.Long(nl.English) + ".",
	}}}
}

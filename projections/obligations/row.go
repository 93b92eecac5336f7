// Package obligations is the register of what an agency owes now (catalogue §3):
// what the regulation or the law asks for, that has not been done, and that
// still can be. It has no tables: it is worked out for a day from the facts of
// the other views and from the regulations that were in force.
//
// A row's since is the first day on which it was owed: where a term or an
// agreement ran out, the day after its last.
package obligations

import (
	"cmp"

	"github.com/casefile-engine/casefile/domain/nl"
)

// The kinds of obligation. Kinds names them for people.
const (
	Handout               = "handout"                // C-I4
	IndirectNotice        = "indirect_notice"        // C-I3, L-14
	ClientNotice          = "client_notice"          // C-I2
	RecipientNotice       = "recipient_notice"       // L-19
	RegulationNotice      = "regulation_notice"      // C-4b, L-13
	BreachNotice          = "breach_notice"          // L-34
	RequestOverdue        = "request_overdue"        // C-2.9.1, C-2.9.3, S-Inz, L-12
	RequestUnfulfilled    = "request_unfulfilled"    // C-2.9.2, C-2.9.3, S-Bew2
	ComplaintOverdue      = "complaint_overdue"      // C-2.1.3, S-Kla
	BreachOverdue         = "breach_overdue"         // L-33
	IncidentUnreported    = "incident_unreported"    // C-2.6b, L-33
	DestructionOverdue    = "destruction_overdue"    // C-2.5f
	ConsentWithdrawn      = "consent_withdrawn"      // L-7
	ViewToEnd             = "view_to_end"            // C-2.7b
	Dormant               = "dormant"                // C-2.5e
	VolumeOut             = "volume_out"             // C-2.7d, S-Bev1
	Attestation           = "attestation"            // S-Bev1
	Confidentiality       = "confidentiality"        // C-2.1.5, S-Geh
	RecipientSecrecy      = "recipient_secrecy"      // C-2.6.2, L-28
	CommissionerAgreement = "commissioner_agreement" // C-2.6.3
	ImpactAssessment      = "impact_assessment"      // L-35
	BreakGlassReview      = "break_glass_review"     // C-2.1.4b
	AccessReview          = "access_review"          // C-2.1.4b, C-2.1.4c
	ApprovalUnconfirmed   = "approval_unconfirmed"   // C-2.1.5b
	ApprovalDenied        = "approval_denied"        // C-2.1.5b
)

// Kind is a kind of obligation as people know it.
type Kind struct {
	Code   string
	Rules  []string // the requirements that it rests on
	NL, EN string
}

// Kinds lists the kinds in the order of the constants. It is never changed.
var Kinds = []Kind{
	{Handout, []string{"C-I4", "L-13"}, "reglement nog niet uitgereikt", "regulation not handed out yet"},
	{IndirectNotice, []string{"C-I3", "L-14"}, "cliënt nog niet verteld welke gegevens van anderen komen", "client not told yet which data came from others"},
	{ClientNotice, []string{"C-I2"}, "cliënt nog niet in kennis gesteld van een onverwachte verwerking", "client not told yet of an unexpected processing"},
	{RecipientNotice, []string{"L-19"}, "ontvanger nog niet verteld wat is verbeterd, aangevuld of afgeschermd", "recipient not told yet what was rectified, completed or restricted"},
	{RegulationNotice, []string{"C-4b", "L-13"}, "cliënt nog niet verteld van een nieuw doel in het reglement", "client not told yet of a new purpose in the regulation"},
	{BreachNotice, []string{"L-34"}, "cliënt nog niet ingelicht over een datalek", "client not told yet of a breach"},
	{RequestOverdue, []string{"C-2.9.1", "C-2.9.3", "S-Inz", "L-12"}, "verzoek niet op tijd beantwoord", "request not answered in time"},
	{RequestUnfulfilled, []string{"C-2.9.2", "C-2.9.3", "S-Bew2"}, "toegewezen verzoek nog niet uitgevoerd", "granted request not carried out yet"},
	{ComplaintOverdue, []string{"C-2.1.3", "S-Kla"}, "klacht niet op tijd beantwoord", "complaint not answered in time"},
	{BreachOverdue, []string{"L-33"}, "datalek niet binnen 72 uur beoordeeld of gemeld", "breach not judged or notified within 72 hours"},
	{IncidentUnreported, []string{"C-2.6b", "L-33"}, "onrechtmatige verstrekking nog niet als incident gemeld", "unlawful disclosure not reported as an incident yet"},
	{DestructionOverdue, []string{"C-2.5f"}, "gegevens niet op tijd vernietigd", "data not destroyed in time"},
	{ConsentWithdrawn, []string{"L-7"}, "toestemming ingetrokken: wis of scherm af", "consent withdrawn: erase or restrict"},
	{ViewToEnd, []string{"C-2.7b"}, "inzage van een derde nog niet beëindigd", "a third party's view not ended yet"},
	{Dormant, []string{"C-2.5e"}, "slapend dossier: start, wijs af of sluit af", "dormant dossier: start, decline or end it"},
	{VolumeOut, []string{"C-2.7d", "S-Bev1"}, "papieren dossier niet teruggezet", "paper volume not put back"},
	{Attestation, []string{"S-Bev1"}, "kast niet gesloten verklaard", "cabinet not attested as closed"},
	{Confidentiality, []string{"C-2.1.5", "S-Geh"}, "geheimhoudingsverklaring ontbreekt of is verlopen", "confidentiality declaration missing or expired"},
	{RecipientSecrecy, []string{"C-2.6.2", "L-28"}, "geheimhoudings- of verwerkersovereenkomst ontbreekt of is verlopen", "secrecy or processing agreement missing or expired"},
	{CommissionerAgreement, []string{"C-2.6.3"}, "overeenkomst met de opdrachtgever ontbreekt of is verlopen", "agreement with the commissioning party missing or expired"},
	{ImpactAssessment, []string{"L-35"}, "effectbeoordeling van het reglement ontbreekt", "impact assessment of the regulation missing"},
	{BreakGlassReview, []string{"C-2.1.4b"}, "gebruik van de noodprocedure nog niet beoordeeld", "use of break-glass not reviewed yet"},
	{AccessReview, []string{"C-2.1.4b", "C-2.1.4c"}, "inzage langer dan een kwartaal niet gecontroleerd", "access not reviewed for longer than a quarter"},
	{ApprovalUnconfirmed, []string{"C-2.1.5b"}, "goedkeuring nog niet door de genoemde persoon zelf bevestigd", "approval not confirmed yet by the person named"},
	{ApprovalDenied, []string{"C-2.1.5b"}, "goedkeuring door de genoemde persoon ontkend", "approval denied by the person named"},
}

// Row is one obligation on a given day, as the export `obligations` gives it.
type Row struct {
	Agency string `json:"agency"`
	// Dossier is absent where it is of the agency.
	Dossier string `json:"dossier,omitempty"`
	Kind    string `json:"kind"`
	Since   string `json:"since"` // YYYY-MM-DD
	// Ref is what it is about: the id of the record, disclosure, request,
	// complaint, incident, view, volume, break-glass, grant, adoption, member of staff or
	// recipient, a class or a cabinet.
	Ref string `json:"ref,omitempty"`

	SinceOn nl.Date `json:"-"`
}

// compare is the order of the register: by the day since when, then dossier;
// the rest makes it the same each time.
func compare(a, b Row) int {
	return cmp.Or(a.SinceOn.Compare(b.SinceOn), cmp.Compare(a.Dossier, b.Dossier), cmp.Compare(a.Agency, b.Agency),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ref, b.Ref))
}

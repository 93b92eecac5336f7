package domain

// Category is a data category of catalogue §1 (requirements §2).
type Category string

// The 22 categories and the two that exist for sealing alone.
const (
	CatReferral       Category = "referral"
	CatVision         Category = "vision"
	CatContact        Category = "contact"
	CatPersonal       Category = "personal"
	CatBank           Category = "bank"
	CatBSN            Category = "bsn"
	CatInsuranceCard  Category = "insurance_card"
	CatEducationWork  Category = "education_work"
	CatMedical        Category = "medical"
	CatIncome         Category = "income"
	CatDisability     Category = "disability"
	CatPlan           Category = "plan"
	CatCorrespondence Category = "correspondence"
	CatEmployer       Category = "employer"
	CatSubsidy        Category = "subsidy"
	CatUWVDecision    Category = "uwv_decision"
	CatReport         Category = "report"
	CatCapacity       Category = "capacity"
	CatBenefit        Category = "benefit"
	CatEmploymentForm Category = "employment_form"
	CatHours          Category = "hours"
	CatPreferences    Category = "preferences"

	CatInvoiceName Category = "invoice_name" // class fiscal; beside contact whenever a name is
	CatFile        Category = "file"         // class dossier; free text without a category of its own
	CatStaff       Category = "staff"        // names of staff, sealed under the member's own key
	CatRecipient   Category = "recipient"    // names of recipients and their contact persons
)

// Categories lists the 22 data categories in the order of the catalogue.
var Categories = []Category{
	CatReferral, CatVision, CatContact, CatPersonal, CatBank, CatBSN, CatInsuranceCard, CatEducationWork,
	CatMedical, CatIncome, CatDisability, CatPlan, CatCorrespondence, CatEmployer, CatSubsidy, CatUWVDecision,
	CatReport, CatCapacity, CatBenefit, CatEmploymentForm, CatHours, CatPreferences,
}

// Health tells whether c is data concerning health: medical, disability, capacity.
func (c Category) Health() bool { return c == CatMedical || c == CatDisability || c == CatCapacity }

// Particular tells whether c comes from the client's particulars and needs no
// record of its own.
func (c Category) Particular() bool {
	return c == CatContact || c == CatPersonal || c == CatBank || c == CatBSN
}

// Class is a retention class (catalogue §1).
type Class string

// The retention classes, and the one for sealing what belongs to no dossier.
const (
	ClassDossier Class = "dossier"
	ClassMedical Class = "medical"
	ClassSubsidy Class = "subsidy"
	ClassFiscal  Class = "fiscal"
	ClassPerson  Class = "person" // staff, recipients and incidents
)

// Classes lists the retention classes of a dossier in byte order.
var Classes = []Class{ClassDossier, ClassFiscal, ClassMedical, ClassSubsidy}

// Ground is a disclosure ground (requirements §3).
type Ground string

// The disclosure grounds.
const (
	GroundConsent           Ground = "consent"
	GroundGuidance          Ground = "guidance"
	GroundVitalInterest     Ground = "vital_interest"
	GroundCourtOrder        Ground = "court_order"
	GroundLegalObligation   Ground = "legal_obligation"
	GroundCompatiblePurpose Ground = "compatible_purpose"
	GroundResearch          Ground = "research"
	GroundUrgentReason      Ground = "urgent_reason"
	GroundContactDetails    Ground = "contact_details"
)

// Code lists that are closed (catalogue §1). A value outside its list is refused.
var (
	Grounds          = []Ground{GroundConsent, GroundGuidance, GroundVitalInterest, GroundCourtOrder, GroundLegalObligation, GroundCompatiblePurpose, GroundResearch, GroundUrgentReason, GroundContactDetails}
	Purposes         = []string{"guidance", "absence", "subsidy", "invoicing", "management_information", "rights_request", "complaint", "incident", "audit", "retention", "maintenance", "index", "research"}
	RecipientClasses = []string{"commissioner", "partner", "training", "subsidy_provider", "employer", "other"}
	// RecipientSubtypes has the subtypes of the classes that have any.
	RecipientSubtypes = map[string][]string{"commissioner": {"uwv", "municipality", "insurer", "company"}, "employer": {"current", "prospective"}}
	Channels          = []string{"letter", "email", "secure_mail", "portal", "in_person", "telephone"}
	Methods           = append([]string{"oral"}, Channels...)
	Roles             = []string{"coach", "administration", "director", "compliance_officer", "auditor", "administrator", "supplier"}
	Sources           = []string{"client", "on_behalf_of_client", "commissioner", "staff_report", "third_party"}
	Services          = []string{"reintegration", "absence", "arbo", "prevention"}
	Outcomes          = []string{"work", "no_result", "education", "other"}
	Activities        = []string{"conversation", "report", "mediation", "aftercare", "administration", "travel", "other"}
	RequestKinds      = []string{"access", "rectification", "completion", "erasure", "restriction", "objection", "portability"}
	AccessActions     = []string{"view", "search", "list", "print", "export"}
)

// Codes of what stands beside the dossiers. The catalogue leaves them open.
var (
	// IncidentKinds are what an incident can be (C-2.1.2, L-33): a calamity that
	// stops the work; a breach of security in general; data sent to somebody else
	// than was meant; data given by telephone; a record filed in another client's
	// dossier; paper or a device lost or stolen; somebody who looked without a
	// right; an attack on the system; an archive, log or ledger that is not as it
	// was written; and what is none of these.
	IncidentKinds = []string{
		"calamity", "breach", "wrong_recipient", "telephone", "wrong_dossier", "lost_paper", "lost_device",
		"unauthorised_access", "attack", "tampering", "other",
	}
	// IncidentRisks are the risks of a breach to the people concerned: none;
	// low, which is the law's "unlikely to result in a risk"; medium, a risk, of
	// which the authority must hear (AVG 33); high, of which the clients must hear
	// as well (AVG 34).
	IncidentRisks = []string{"none", "low", "medium", "high"}
	// PaperDestructions are the ways in which paper is destroyed (S-Bew4).
	PaperDestructions = []string{"shredded", "burned", "pulped", "supplier", "other"}
	// RedateReasons say why a dossier's terms are worked out anew: another version
	// of the same regulation took effect, or another regulation.
	RedateReasons = []string{"new_version", "new_regulation"}
)

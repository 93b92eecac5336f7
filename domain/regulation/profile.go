package regulation

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Text is a sentence or a label in the two languages of the screen.
type Text struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// In gives the text in a language.
func (t Text) In(l nl.Lang) string { return l.Pick(t.NL, t.EN) }

// Setting is one value of a profile with the requirement it comes from.
type Setting[T any] struct {
	Value T      `json:"value"`
	Rule  string `json:"rule"`
}

// Profile is a regulation as data (reglementprofiel, requirements §6). It is
// immutable by Name and Version: what has been adopted once never changes, a
// change is a new version. All lists keep the order of the file.
type Profile struct {
	Name    string `json:"name"`    // [a-z0-9-]{1,40}
	Version int    `json:"version"` // from 1
	Title   Text   `json:"title"`
	// Source is the file of the regulation's text that is handed out.
	Source string `json:"source,omitempty"`
	// Law is the version of the law layer that Effective has applied; 0 in a
	// file as it was written.
	Law int `json:"law,omitempty"`

	// EffectiveFrom is the day on which the regulation came into force by its
	// own words; the zero date when it is undated.
	EffectiveFrom Setting[nl.Date] `json:"effective_from,omitzero"`
	// Address is the form of address in letters: "je" or "u".
	Address Setting[string] `json:"address"`
	// Role is how the agency stands to the data: "controller", "processor" or
	// "joint" unless a commission says otherwise; Wording is what the regulation
	// calls it.
	Role RoleSetting `json:"role"`
	// Cites are the statutes that the regulation names.
	Cites []string `json:"cites,omitempty"`
	// ChangeNotice tells whether clients hear of a change beforehand.
	ChangeNotice Setting[bool] `json:"change_notice"`
	// SecondFactor tells whether a password alone is not enough to sign in.
	SecondFactor Setting[bool] `json:"second_factor"`

	Limits Limits `json:"limits"`

	Services   []Service  `json:"services"`
	Purposes   []Purpose  `json:"purposes"`
	Categories []Category `json:"categories"`
	Consent    Consent    `json:"consent"`

	Grounds    []Ground    `json:"grounds"`
	Recipients []Recipient `json:"recipients"`
	Channels   []Channel   `json:"channels"`
	Subsidy    Subsidy     `json:"subsidy,omitzero"`
	// View is what lets a third party look into a running dossier: "consent".
	View Setting[string] `json:"view"`

	Retention []Retention `json:"retention"`
	Declined  Declined    `json:"declined"`
	Terms     Terms       `json:"terms"`

	Rights   []Right  `json:"rights"`
	Requests Requests `json:"requests"`
	// Representatives are the kinds of representative that may act for a client.
	Representatives Setting[[]string] `json:"representatives"`

	Access    Access            `json:"access"`
	Paper     Setting[[]string] `json:"paper"`
	Complaint Setting[Text]     `json:"complaint"`
	Remainder Remainder         `json:"remainder"`
	// MinimumCell is the smallest count of people that an overview shows.
	MinimumCell Setting[int] `json:"minimum_cell"`
	Coupling    Coupling     `json:"coupling"`
	// Suppliers tells whether suppliers may have a maintenance window.
	Suppliers Setting[bool] `json:"suppliers"`

	// Notes are tensions inside the regulation and the choice made (requirements
	// §8); each becomes a finding.
	Notes []Note `json:"notes,omitempty"`
}

// Limits are the requirements that are named when something outside the
// profile's lists is refused.
type Limits struct {
	Purpose   string `json:"purpose"`   // a purpose that it does not know
	Category  string `json:"category"`  // a category that it does not hold
	Ground    string `json:"ground"`    // a ground that it does not have
	Recipient string `json:"recipient"` // a recipient that is not registered, or ended
	// Restricted: shielded records stay where they are.
	Restricted string `json:"restricted"`
	// Capacity: function limits, never a diagnosis, may reach an employer.
	Capacity string `json:"capacity"`
}

// RoleSetting is the agency's processing role (C-2.1.1).
type RoleSetting struct {
	Default string `json:"default"` // controller, processor, joint
	Wording string `json:"wording,omitempty"`
	Rule    string `json:"rule"`
}

// Service is a kind of trajectory that the agency offers (S-Alg).
type Service struct {
	Code  string `json:"code"`
	Rule  string `json:"rule"`
	Label Text   `json:"label"`
}

// Purpose is a purpose that the regulation knows (C-I1, S-Doel).
type Purpose struct {
	Code  string `json:"code"`
	Rule  string `json:"rule"`
	Label Text   `json:"label"`
}

// Values of Category.Special.
const (
	SpecialHealth = "health" // data concerning health (AVG 9)
	SpecialBSN    = "bsn"    // citizen service number (UAVG 46)
)

// Values of Category.Employer: what an employer may have of it by default
// (requirements §2).
const (
	EmployerYes       = "yes"
	EmployerNo        = "no"
	EmployerNever     = "never"     // on no ground whatever
	EmployerLimits    = "limits"    // limits and possibilities, never the cause
	EmployerPlacement = "placement" // only for a placement
	EmployerPerItem   = "item"      // only released parts
	EmployerTotals    = "totals"
)

// Category is a data category under this regulation (requirements §2).
type Category struct {
	Code  domain.Category `json:"code"`
	Rule  string          `json:"rule"`
	Label Text            `json:"label"`
	// Class is the retention class; a profile may move a category.
	Class domain.Class `json:"class"`
	// Special is "health", "bsn" or nothing.
	Special string `json:"special,omitempty"`
	// ConsentToRecord is the requirement by which recording needs the client's
	// consent (C-3.6, C-3.7), or nothing.
	ConsentToRecord string `json:"consent_to_record,omitempty"`
	// Necessity asks for a text that says why it is needed (C-4c).
	Necessity bool `json:"necessity,omitempty"`
	// Employer is what an employer may have of it by default.
	Employer string `json:"employer"`
	// DPV are terms of https://w3id.org/dpv/pd#, Fideslang keys of fideslang.
	DPV       []string `json:"dpv,omitempty"`
	Fideslang []string `json:"fideslang,omitempty"`
}

// Consent is how the regulation words consent.
type Consent struct {
	Wording string `json:"wording"` // unambiguous, explicit
	// Explicit tells whether every consent to disclose must be explicit; for
	// health the law always asks it.
	Explicit bool   `json:"explicit,omitempty"`
	Rule     string `json:"rule"`
}

// Ground is a disclosure ground of the regulation (requirements §3).
type Ground struct {
	Code  domain.Ground `json:"code"`
	Rule  string        `json:"rule"`
	Label Text          `json:"label"`
	// Article is the ground in AVG 6, as a DPV term (A6-1-a).
	Article string `json:"article"`
	// Health is the exception of AVG 9 that carries health data on this ground,
	// as DPV terms; none means that the ground is not available for health.
	Health []string `json:"health,omitempty"`
	// Evidence are the fields that the disclosure must carry; none may be empty.
	Evidence []string `json:"evidence"`
}

// Recipient is a class of recipients, or one subtype of it (requirements §4).
type Recipient struct {
	Class   string `json:"class"`
	Subtype string `json:"subtype,omitempty"` // "" for all that have no row of their own
	Rule    string `json:"rule"`
	Label   Text   `json:"label"`
	// Guidance are the categories that it may have on the ground guidance.
	Guidance []domain.Category `json:"guidance,omitempty"`
	// Never are the categories that it may not have on any ground.
	Never []domain.Category `json:"never,omitempty"`
	// Agreement is the requirement by which an agreement must be on file.
	Agreement string `json:"agreement,omitempty"`
	// Secrecy is the requirement by which a secrecy agreement must be on file;
	// a missing one is an obligation and no refusal (C-2.6.2).
	Secrecy string `json:"secrecy,omitempty"`
	// Approval are the grounds on which a second person must approve (§8: "onder
	// anderen").
	Approval []domain.Ground `json:"approval,omitempty"`
}

// Channel is a way by which data may go out.
type Channel struct {
	Code string `json:"code"`
	Rule string `json:"rule"`
	// Only are the grounds on which it may be used; none means all.
	Only  []domain.Ground `json:"only,omitempty"`
	Label Text            `json:"label"`
}

// Subsidy is the guard on what goes out to obtain a subsidy (C-2.6.4). The zero
// value has no guard.
type Subsidy struct {
	Authorised bool `json:"authorised,omitempty"` // the recipient must be marked as competent
	// MaxAge is the age beyond which an item needs a reason of relevance.
	MaxAge nl.Term `json:"max_age,omitzero"`
	Rule   string  `json:"rule,omitempty"`
}

// StartRule says on which day a retention term starts (catalogue §1).
type StartRule string

// The start rules.
const (
	// StartGuidance: the day on which the last open trajectory ended.
	StartGuidance StartRule = "guidance_end"
	// StartAgreement: the later of the end of the trajectory and the end of its
	// agreement, over all trajectories (C-2.5b).
	StartAgreement StartRule = "guidance_or_agreement_end"
	// StartYear: 31 December of the year in which guidance ended (S-Bew3).
	StartYear StartRule = "year_of_guidance_end"
)

// Retention is the term of one class (C-2.5a, S-Bew1, S-Bew3).
type Retention struct {
	Class domain.Class `json:"class"`
	Term  nl.Term      `json:"term"`
	Start StartRule    `json:"start"`
	Rule  string       `json:"rule"`
	// Basis is the statute that prescribes the term, where there is one; for a
	// subsidy the scheme and its article.
	Basis string `json:"basis,omitempty"`
}

// Declined is the term of a dossier that never had a trajectory (C-2.5e).
type Declined struct {
	Term nl.Term `json:"term"`
	Rule string  `json:"rule"`
}

// Terms are the other terms, in whole days of Europe/Amsterdam unless the name
// says otherwise (catalogue §1, requirements §1 and §7).
type Terms struct {
	Request          Setting[int] `json:"request"`            // rights request: received +
	BreachHours      Setting[int] `json:"breach_hours"`       // discovered +, in hours
	IndirectNotice   Setting[int] `json:"indirect_notice"`    // obtained +, or first contact if earlier
	Handout          Setting[int] `json:"handout"`            // opening +
	Complaint        Setting[int] `json:"complaint"`          // received +
	Destruction      Setting[int] `json:"destruction"`        // due +
	CoolingOff       Setting[int] `json:"cooling_off"`        // confirmation of a destruction +
	BreakGlassReview Setting[int] `json:"break_glass_review"` // use +
	BreakGlassMax    Setting[int] `json:"break_glass_max"`    // longest opening, in minutes
	AssignmentEnds   Setting[int] `json:"assignment_ends"`    // end of guidance +
	DormantStart     Setting[int] `json:"dormant_start"`      // opening without a trajectory +
	DormantActivity  Setting[int] `json:"dormant_activity"`   // newest activity +
	HoursAfterEnd    Setting[int] `json:"hours_after_end"`    // end of a trajectory +, for late activities
	Erasure          Setting[int] `json:"erasure"`            // receipt of a granted erasure +
}

// Right is a right of the client, by the kind of request that uses it.
type Right struct {
	Kind  string `json:"kind"`
	Rule  string `json:"rule"`
	Label Text   `json:"label"`
}

// Requests is how rights requests are taken and answered.
type Requests struct {
	// Fulfil tells whether an access request must be fulfilled within the term
	// (S-Inz) and not only answered (C-2.9.1).
	Fulfil bool `json:"fulfil,omitempty"`
	// Copy tells whether access comes with a copy.
	Copy bool `json:"copy,omitempty"`
	// Methods are the ways by which a request may come in.
	Methods []string `json:"methods"`
	// HandledBy is the role that answers.
	HandledBy string `json:"handled_by"`
	// Extension is how many days an answer may be put off with a notice before
	// the first deadline; 0 means never (requirements §7).
	Extension int `json:"extension,omitempty"`
	// Fee is what a request costs, in cents.
	Fee  int    `json:"fee,omitempty"`
	Rule string `json:"rule"`
}

// Access is who may look into dossiers (C-0d, C-2.7a, S-Toe1).
type Access struct {
	Model string `json:"model"` // assigned, team
	Rule  string `json:"rule"`
	// AuthorisedBy is the role that authorises others (C-2.7a); GrantedBy the
	// role that gives out accounts and roles (C-2.7e).
	AuthorisedBy Setting[string] `json:"authorised_by"`
	GrantedBy    Setting[string] `json:"granted_by"`
}

// Remainder is what stays in anonymised form (C-2.5d, requirements §10).
type Remainder struct {
	Allowed    bool     `json:"allowed,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	MinimumK   int      `json:"minimum_k,omitempty"`
	Rule       string   `json:"rule"`
}

// Coupling is what may flow to other systems (C-2.8, C-1.2e).
type Coupling struct {
	Allowed   bool       `json:"allowed,omitempty"`
	Whitelist []Takeover `json:"whitelist,omitempty"`
	Rule      string     `json:"rule"`
}

// Takeover is one outflow with its personal fields, all of them.
type Takeover struct {
	Code   string   `json:"code"`
	Fields []string `json:"fields"`
	Rule   string   `json:"rule"`
}

// Note is a tension inside the regulation with the choice made (requirements §8).
type Note struct {
	Code string `json:"code"`
	Rule string `json:"rule"`
	Text Text   `json:"text"`
}

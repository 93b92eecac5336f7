package regulation

import (
	"maps"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// Evidence fields that may stand beside those of every ground: the document
// itself, and the reason why an older item is still relevant (C-2.6.4).
const (
	EvidenceDocument  = "document"
	EvidenceRelevance = "relevance"
)

// Disclosed are the categories that go out and that the register names: those
// declared and all that the records contain, in the order of the catalogue.
func (in DisclosureInput) Disclosed() []domain.Category {
	var out []domain.Category
	for _, c := range domain.Categories {
		held := slices.Contains(in.Categories, c) || slices.ContainsFunc(in.Records, func(r RecordFact) bool {
			return r.Known && slices.Contains(r.Categories, c)
		})
		if held {
			out = append(out, c)
		}
	}
	return out
}

// CheckDisclosure is the whole rule on disclosures: catalogue §2, row Disclose
// and "What a recipient may have", requirements §3 and §4, C-2.6.4, C-2.6.6,
// C-2.6.7, C-2.7c, S-Der and the law on health. It judges every category that
// goes out, also those that a mixed record brings along. nil means that nothing
// forbids it.
func (p *Profile) CheckDisclosure(in DisclosureInput) *domain.Error {
	if e := p.checkForm(in); e != nil {
		return e
	}
	var v verdict
	p.judgeRecipient(&v, in)
	ground, has := p.GroundOf(in.Ground)
	if !has {
		v.add(field("ground", domain.Refused("ground_not_allowed", p.Limits.Ground, "the regulation does not allow a disclosure on this ground; choose another ground, or ask the client for consent")))
		return v.first()
	}
	v.add(p.CheckPurpose(in.Purpose))
	v.add(p.CheckChannel(in.Channel, in.Ground))
	judgeEvidence(&v, ground, in)
	if in.Ground == domain.GroundConsent {
		p.judgeConsent(&v, in, ForDisclose, ground.Rule)
	}
	if in.Ground == domain.GroundContactDetails {
		judgeContactDetails(&v, ground.Rule, in)
	}
	p.judgeMatrix(&v, in)
	p.judgeSubsidy(&v, in)
	p.judgeRecords(&v, in)
	judgeHealth(&v, ground, in)
	return v.first()
}

// CheckView judges whether a third party may look into a running dossier: with
// the client's consent alone, for relevant parts (C-2.7b). Ground, evidence and
// channel of the input do not count.
func (p *Profile) CheckView(in DisclosureInput) *domain.Error {
	in.Ground = domain.GroundConsent
	if e := p.checkCategories(in); e != nil {
		return e
	}
	var v verdict
	p.judgeRecipient(&v, in)
	v.add(p.CheckPurpose(in.Purpose))
	p.judgeConsent(&v, in, ForView, p.View.Rule)
	p.judgeMatrix(&v, in)
	p.judgeRecords(&v, in)
	return v.first()
}

func field(name string, e *domain.Error) *domain.Error {
	e.Field = name
	return e
}

// checkForm finds what has the wrong form, before any rule is judged.
func (p *Profile) checkForm(in DisclosureInput) *domain.Error {
	if e := p.checkCategories(in); e != nil {
		return e
	}
	if !slices.Contains(domain.Grounds, in.Ground) {
		return domain.Invalid("unknown_ground", "ground", "choose one of the disclosure grounds of the catalogue")
	}
	if !slices.Contains(domain.Channels, in.Channel) {
		return domain.Invalid("unknown_channel", "channel", "choose one of the channels of the catalogue")
	}
	return checkEvidence(in)
}

func (p *Profile) checkCategories(in DisclosureInput) *domain.Error {
	if len(in.Categories) == 0 {
		return domain.Invalid("categories_missing", "categories", "name the categories of data that go out")
	}
	for _, c := range in.Categories {
		if e := p.CheckCategory(c); e != nil {
			return field("categories", e)
		}
	}
	return nil
}

func (p *Profile) judgeRecipient(v *verdict, in DisclosureInput) {
	switch {
	case !in.Recipient.Known:
		v.add(field("recipient", domain.Refused("recipient_unknown", p.Limits.Recipient, "register the recipient first; a disclosure names organisation, person and address")))
	case in.Recipient.Ended:
		v.add(field("recipient", domain.Refused("recipient_ended", p.Limits.Recipient, "this recipient has been ended; choose a current one or register it anew")))
	}
}

// checkEvidence finds fields that neither the ground nor every evidence knows,
// since what no rule reads is kept for nothing, and fields without a text.
func checkEvidence(in DisclosureInput) *domain.Error {
	for _, name := range slices.Sorted(maps.Keys(in.Evidence)) {
		known := slices.Contains(groundLaw[in.Ground].evidence, name)
		if !known && name != EvidenceDocument && name != EvidenceRelevance {
			return domain.Invalid("unknown_field", "evidence", "the evidence has a field that this ground does not know; leave it out")
		}
		if !known && strings.TrimSpace(in.Evidence[name]) == "" {
			return domain.Invalid("evidence_empty", "evidence."+name, "fill in this field of the evidence, or leave it out")
		}
	}
	return nil
}

// judgeEvidence asks each field of the ground.
func judgeEvidence(v *verdict, g Ground, in DisclosureInput) {
	for _, name := range g.Evidence {
		if strings.TrimSpace(in.Evidence[name]) == "" {
			v.add(field("evidence."+name, domain.Refused("evidence_missing", g.Rule, "this ground needs more evidence; fill in the field that is named")))
		}
	}
	if by, asked := in.Evidence["approved_by"]; asked && by == in.Actor && by != "" {
		v.add(field("evidence.approved_by", domain.Refused("approved_by_self", g.Rule, "a second person has to approve this; nobody approves a disclosure of his own")))
	}
}

// judgeConsent asks that the consent is there, holds at the time, is for this
// act, this recipient, this purpose and all categories, and is explicit where
// it must be: for health always (L-9), under solutions-vpr always (S-Der).
func (p *Profile) judgeConsent(v *verdict, in DisclosureInput, use, rule string) {
	c := in.Consent
	refuse := func(code, message string) { v.add(field("evidence.consent", domain.Refused(code, rule, message))) }
	switch c.State {
	case ConsentValid:
	case ConsentWithdrawn:
		refuse("consent_withdrawn", "the client has withdrawn this consent; ask for a new one")
	case ConsentExpired:
		refuse("consent_expired", "this consent has expired; ask for a new one")
	case ConsentRefused:
		refuse("consent_refused", "the client has refused this consent")
	case ConsentNotYet:
		refuse("consent_later", "this consent was given later than the disclosure")
	default:
		refuse("consent_missing", "record the client's consent first and name it in the evidence")
	}
	if c.State == ConsentNone {
		return
	}
	if c.For != use {
		refuse("consent_use", "this consent is for another use; ask for a consent for this one")
	}
	if c.Recipient != in.Recipient.ID || c.Recipient == "" {
		refuse("consent_recipient", "this consent does not name this recipient; ask for a consent that does")
	}
	if c.Purpose != in.Purpose {
		refuse("consent_purpose", "this consent is for another purpose; ask for a consent for this one")
	}
	codes := in.Disclosed()
	if slices.ContainsFunc(codes, func(k domain.Category) bool { return !slices.Contains(c.Categories, k) }) {
		refuse("consent_categories", "this consent does not cover every category that goes out; leave some out or ask for a wider consent")
	}
	if c.Explicit {
		return
	}
	if p.Consent.Explicit {
		v.add(field("evidence.consent", domain.Refused("consent_not_explicit", p.Consent.Rule, "the regulation asks an explicit consent; ask for one")))
	}
	if slices.ContainsFunc(codes, domain.Category.Health) {
		v.add(field("evidence.consent", domain.Refused("consent_not_explicit", "L-9", "health data need an explicit consent; ask for one")))
	}
}

// judgeContactDetails holds C-2.6.7: contact data alone, and not against the
// client's objection.
func judgeContactDetails(v *verdict, rule string, in DisclosureInput) {
	if slices.ContainsFunc(in.Disclosed(), func(c domain.Category) bool { return c != domain.CatContact }) {
		v.add(field("categories", domain.Refused("contact_details_only", rule, "on this ground only contact details may go out; leave the other categories out")))
	}
	if in.ContactObjection {
		v.refuse("contact_objection", rule, "the client has objected to the disclosure of contact details")
	}
}

// judgeMatrix asks for every category whether this recipient may have it, and
// for a second person where the class needs one.
func (p *Profile) judgeMatrix(v *verdict, in DisclosureInput) {
	if !in.Recipient.Known {
		return
	}
	for _, c := range in.Disclosed() {
		p.judgeReceive(v, in.Recipient.Class, in.Recipient.Subtype, c, in.Ground)
	}
	r, _ := p.RecipientOf(in.Recipient.Class, in.Recipient.Subtype)
	if !slices.Contains(r.Approval, in.Ground) {
		return
	}
	switch by := in.ApprovedBy; {
	case by == "" && in.Evidence["approved_by"] == "":
		v.add(field("approved_by", domain.Refused("approval_missing", r.Rule, "a recipient outside the classes of the regulation needs the approval of a second person; name who approved")))
	case by != "" && by == in.Actor:
		v.add(field("approved_by", domain.Refused("approved_by_self", r.Rule, "a second person has to approve this; nobody approves a disclosure of his own")))
	}
}

// MayReceive tells whether a class of recipients may have a category on a
// ground (catalogue §2, "What a recipient may have"); nil when nothing forbids
// it. Consent, evidence and all else are not judged here.
func (p *Profile) MayReceive(class, subtype string, code domain.Category, ground domain.Ground) *domain.Error {
	var v verdict
	p.judgeReceive(&v, class, subtype, code, ground)
	return v.first()
}

func (p *Profile) judgeReceive(v *verdict, class, subtype string, code domain.Category, ground domain.Ground) {
	refuse := func(code, rule, message string) { v.add(field("categories", domain.Refused(code, rule, message))) }
	r, ok := p.RecipientOf(class, subtype)
	if !ok {
		refuse("recipient_class", p.Limits.Recipient, "the regulation does not know this class of recipients")
		return
	}
	if slices.Contains(r.Never, code) {
		refuse("never_to_recipient", p.Limits.Capacity, "an employer never gets medical data or the nature of a disability, on no ground; give the functional capacity in limits and possibilities instead")
	}
	if ground == domain.GroundGuidance && !slices.Contains(r.Guidance, code) {
		refuse("category_not_for_recipient", r.Rule, "this recipient may not have this category for guidance; leave it out or ask the client for consent")
	}
	if code == domain.CatBSN && !bsnMayGo(class, ground) {
		refuse("bsn_not_for_recipient", "L-U46", "the citizen service number goes only to those whom a statute lets use it; leave it out")
	}
}

// bsnMayGo holds L-U46: no consent makes up for the statute that partners,
// training institutes and others lack.
func bsnMayGo(class string, ground domain.Ground) bool {
	switch ground {
	case domain.GroundCourtOrder, domain.GroundLegalObligation, domain.GroundVitalInterest:
		return true
	}
	return class == "commissioner" || class == "subsidy_provider" || class == "employer"
}

// judgeSubsidy holds C-2.6.4: what goes out to obtain a subsidy goes to the
// competent alone, and is recent or says why it is still relevant.
func (p *Profile) judgeSubsidy(v *verdict, in DisclosureInput) {
	if !p.subsidyGuards(in) {
		return
	}
	if p.Subsidy.Authorised && in.Recipient.Known && !in.Recipient.AuthorisedForSubsidies {
		v.add(field("recipient", domain.Refused("not_authorised_for_subsidies", p.Subsidy.Rule, "data for a subsidy go to those alone who are competent to decide on it; mark the recipient as such or choose another")))
	}
	since := p.RecentSince(in.On)
	if strings.TrimSpace(in.Evidence[EvidenceRelevance]) != "" {
		return
	}
	if slices.ContainsFunc(in.Records, func(r RecordFact) bool { return r.Known && !r.Date.IsZero() && r.Date.Before(since) }) {
		v.add(field("records", domain.Refused("record_not_recent", p.Subsidy.Rule, "an item is older than the regulation's limit for subsidies; leave it out, or say in the evidence under relevance why it still matters")))
	}
}

// subsidyGuards tells whether the guard applies: for the purpose of a subsidy,
// and for a provider of subsidies unless others than the agency decided.
func (p *Profile) subsidyGuards(in DisclosureInput) bool {
	if p.Subsidy.Rule == "" {
		return false
	}
	switch in.Ground {
	case domain.GroundCourtOrder, domain.GroundLegalObligation, domain.GroundVitalInterest:
		return in.Purpose == "subsidy"
	}
	return in.Purpose == "subsidy" || in.Recipient.Class == "subsidy_provider"
}

// judgeRecords asks that the records are of this dossier, of the categories
// named and not restricted, and that what is no particular comes from one; hours
// are entries of their own and no records.
func (p *Profile) judgeRecords(v *verdict, in DisclosureInput) {
	covered := map[domain.Category]bool{}
	for _, r := range in.Records {
		if !r.Known {
			v.add(field("records", domain.Refused("record_unknown", p.Limits.Ground, "a record is not in this dossier; name records of this dossier alone")))
			continue
		}
		if r.Restricted {
			v.add(field("records", domain.Refused("record_restricted", p.Limits.Restricted, "a record is restricted; it stays where it is until the restriction is lifted")))
		}
		if !slices.ContainsFunc(r.Categories, func(c domain.Category) bool { return slices.Contains(in.Categories, c) }) {
			v.add(field("records", domain.Refused("record_category", p.Limits.Ground, "a record holds none of the categories named; name its category or leave it out")))
		}
		for _, c := range r.Categories {
			covered[c] = true
		}
	}
	if slices.ContainsFunc(in.Categories, func(c domain.Category) bool { return !c.Particular() && c != domain.CatHours && !covered[c] }) {
		v.add(field("records", domain.Refused("records_missing", p.Limits.Ground, "name the records that go out; only the client's particulars and hours need none")))
	}
}

// judgeHealth holds the law on health (requirements §3, AVG 9 and UAVG 22 to 24
// and 30): not every ground carries it, and guidance carries it for an employee
// or a recipient of a benefit on a commission alone.
func judgeHealth(v *verdict, g Ground, in DisclosureInput) {
	if !slices.ContainsFunc(in.Disclosed(), domain.Category.Health) {
		return
	}
	if len(g.Health) == 0 {
		v.add(field("ground", domain.Refused("ground_not_for_health", "L-9", "this ground does not carry health data; leave them out or ask the client for explicit consent")))
	}
	if g.Code == domain.GroundGuidance && !in.Client.carriesHealth() {
		v.add(field("ground", domain.Refused("health_basis_missing", "L-U30", "without a commission for an employee or a recipient of a benefit, health data go out with the client's explicit consent alone")))
	}
}

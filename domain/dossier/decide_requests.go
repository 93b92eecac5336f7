package dossier

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// WarnScopeInWords is the warning that a representative's scope was given in
// words, so that people have to judge whether a request lies within.
const WarnScopeInWords = "scope_in_words"

// WarnStatuteMissing is the warning that a refused erasure names no statute
// although the regulation lets a statute alone stand in its way (S-Bew2).
const WarnStatuteMissing = "statute_missing"

func (d *decision) recordRepresentative(c *RecordRepresentative) ([]domain.Fact, error) {
	rule := d.profile.Representatives.Rule
	switch {
	case d.s.Representatives[c.Representative] != nil:
		return nil, inUse("representative", rule)
	case !slices.Contains(d.profile.Representatives.Value, c.Kind):
		return nil, domain.RefusedField("kind", "representative_kind", rule, "the regulation does not know this kind of representative")
	case !domain.Filled(c.Evidence):
		return nil, domain.RefusedField("evidence", "evidence_missing", rule, "a representative shows what the authority rests on; say which: a court's decision, a signed mandate")
	}
	e := &RepresentativeRecorded{Representative: c.Representative, Kind: c.Kind, Scope: distinct(oneOfAll(c.Scope, ScopeCodes)), From: c.From, Until: c.Until}
	if len(e.Scope) == 0 {
		d.env.Warn(WarnScopeInWords)
	}
	return domain.OneFact(e, d.file(map[string]any{"name": c.Name, "scope": []string(c.Scope), "evidence": c.Evidence})), nil
}

func (d *decision) endRepresentative(c *EndRepresentative) ([]domain.Fact, error) {
	r := d.s.Representatives[c.Representative]
	until := c.Until.End()
	if until.IsZero() {
		until = d.env.At
	}
	switch {
	case r == nil:
		return nil, unknownRepresentative("L-U5")
	case !r.Until.IsZero() && !until.Before(r.Until):
		return nil, domain.RefusedField("representative", "representative_ended", "L-U5", "this representation ends no later than that already")
	}
	return domain.OneFact(&RepresentativeEnded{Representative: c.Representative, Until: until}, d.file(map[string]any{"reason": c.Reason})), nil
}

func unknownRepresentative(rule string) *domain.Error {
	return unknown("representative", "unknown_representative", rule, "this dossier has no such representative; record the person with scope and evidence first, or compare the id")
}

// represented asks that the representative acted within interval and scope
// when the request came in (C-2.9a, L-U5).
func (d *decision) represented(c *ReceiveRequest) *domain.Error {
	rule := d.profile.Representatives.Rule
	if c.Representative == "" {
		return domain.RefusedField("representative", "representative_missing", rule, "name the representative who asks; record the person first")
	}
	r := d.s.Representatives[c.Representative]
	if r == nil {
		return unknownRepresentative(rule)
	}
	if !r.Holds(effective(c.ReceivedOn, d.env.At)) {
		return domain.RefusedField("representative", "representative_not_valid", rule, "this representative did not act for the client on that day; compare the days, or record the new authority first")
	}
	if !r.Covers(c.Kind, d.about(c.Items)) {
		return domain.RefusedField("representative", "representative_out_of_scope", rule, "this lies outside what the representative may ask; name the items that lie within, or have the client ask")
	}
	if len(r.Scope) == 0 {
		d.env.Warn(WarnScopeInWords)
	}
	return nil
}

// about are the categories that the items are about; none where they are about
// everything or say it in words.
func (d *decision) about(items []WantedItem) []domain.Category {
	var out []domain.Category
	for _, i := range items {
		switch r := d.s.Records[i.Record]; {
		case r != nil:
			out = append(out, r.Categories()...)
		case i.Category != "":
			out = append(out, i.Category)
		default:
			return nil
		}
	}
	return out
}

func (d *decision) receiveRequest(c *ReceiveRequest) ([]domain.Fact, error) {
	rule := d.right(c.Kind)
	if d.s.Requests[c.Request] != nil {
		return nil, inUse("request", rule)
	}
	if err := d.notFuture("received_on", c.ReceivedOn, rule); err != nil {
		return nil, err
	}
	e := &RequestReceived{
		Request: c.Request, Kind: c.Kind, By: c.By, Representative: c.Representative, Channel: c.Channel,
		ReceivedOn: c.ReceivedOn, Due: d.profile.RequestDue(c.ReceivedOn), Reason: c.Reason,
	}
	for _, i := range c.Items {
		if i.Record != "" {
			if _, err := d.record(i.Record); err != nil {
				return nil, at(err, "items")
			}
		}
		e.Items = append(e.Items, RequestItem{i.Record, i.Category})
	}
	if c.By == "representative" {
		if err := d.represented(c); err != nil {
			return nil, err
		}
	}
	for _, r := range d.s.Requests {
		if r.Kind == c.Kind && !r.Received.After(c.ReceivedOn) {
			e.Earlier++
		}
	}
	return domain.OneFact(e, d.file(map[string]any{"identity": c.Identity, "items": listed(c.Items)})), nil
}

// listed is a list to be sealed, nil where there is nothing in it.
func listed[T any](items []T) any {
	if len(items) == 0 {
		return nil
	}
	return items
}

// right is the article that gives the right: the regulation's, or else the law's.
func (d *decision) right(kind string) string {
	if r, ok := d.profile.RightOf(kind); ok {
		return r.Rule
	}
	return "L-12"
}

// request finds a request that has not been withdrawn.
func (d *decision) request(id domain.ID) (*Request, *domain.Error) {
	r := d.s.Requests[id]
	if r == nil {
		return nil, unknown("request", "unknown_request", "L-12", "this dossier has no such request; compare its id, or record its receipt first")
	}
	if !r.Withdrawn.IsZero() {
		return nil, domain.RefusedField("request", "request_withdrawn", d.right(r.Kind), "this request has been withdrawn; a new one starts anew")
	}
	return r, nil
}

// within asks that a day lies from the receipt of a request until today.
func (d *decision) within(field string, day nl.Date, r *Request) *domain.Error {
	if day.Before(r.Received) {
		return domain.RefusedField(field, "before_request", d.right(r.Kind), "it lies before the request was received; compare the days")
	}
	return d.notFuture(field, day, d.right(r.Kind))
}

func (d *decision) extendRequest(c *ExtendRequest) ([]domain.Fact, error) {
	r, err := d.request(c.Request)
	if err != nil {
		return nil, err
	}
	most := d.profile.Requests.Extension
	switch {
	case most == 0:
		return nil, domain.RefusedField("request", "extension_not_allowed", d.right(r.Kind), "the regulation promises an answer within its term and allows no extension; answer in time")
	case r.Decision != "":
		return nil, domain.RefusedField("request", "already_decided", "L-12", "this request has been decided; there is nothing to put off")
	case r.Extended:
		return nil, domain.RefusedField("request", "already_extended", "L-12", "the answer has been put off once already")
	case c.ToldOn.After(r.Due):
		return nil, domain.RefusedField("told_on", "told_too_late", "L-12", "the client is told before the first term ends; after that the answer is overdue and cannot be put off")
	case !c.Until.After(r.Due) || c.Until.After(r.Due.AddDays(most)):
		return nil, domain.RefusedField("until", "out_of_range", "L-12", "the new day lies after the first one, and no later than the regulation allows")
	}
	if err := d.within("told_on", c.ToldOn, r); err != nil {
		return nil, err
	}
	return domain.OneFact(&RequestExtended{Request: c.Request, Until: c.Until, ToldOn: c.ToldOn}, d.file(map[string]any{"reason": c.Reason})), nil
}

// ruleRefusal is the article on reasoned refusals. It holds for every kind of
// request under both profiles: the law asks the same (L-12).
const ruleRefusal = "C-2.9.3"

func (d *decision) decideRequest(c *DecideRequest) ([]domain.Fact, error) {
	r, err := d.request(c.Request)
	if err != nil {
		return nil, err
	}
	if r.Decision != "" {
		return nil, domain.RefusedField("request", "already_decided", d.right(r.Kind), "this request has been decided; what the client asks beyond it is a new request")
	}
	e := &RequestDecided{Request: c.Request, Kind: r.Kind, Decision: c.Decision, AnsweredOn: c.AnsweredOn}
	if e.AnsweredOn.IsZero() {
		e.AnsweredOn = d.day
	}
	if err := d.within("answered_on", e.AnsweredOn, r); err != nil {
		return nil, err
	}
	if e.Items, err = d.decidedItems(c, r); err != nil {
		return nil, err
	}
	if err := reasoned(c); err != nil {
		return nil, err
	}
	if r.Kind == "erasure" && c.Decision != Granted && c.Statute == "" && d.right("erasure") == "S-Bew2" {
		d.env.Warn(WarnStatuteMissing)
	}
	return domain.OneFact(e, d.file(map[string]any{"reason": c.Reason, "remedies": c.Remedies, "statute": c.Statute, "items": listed(c.Items)})), nil
}

// decidedItems are the decisions item by item: of what was asked, and in
// agreement with the decision on the whole.
func (d *decision) decidedItems(c *DecideRequest, r *Request) ([]DecidedItem, *domain.Error) {
	var out []DecidedItem
	seen := map[RequestItem]bool{}
	for _, i := range c.Items {
		item := RequestItem{i.Record, i.Category}
		switch {
		case seen[item]:
			return nil, domain.RefusedField("items", "repeated", d.right(r.Kind), "an item is decided twice; decide on each once")
		case len(r.Items) > 0 && !slices.Contains(r.Items, item), i.Record != "" && d.s.Records[i.Record] == nil:
			return nil, unknown("items", "unknown_item", d.right(r.Kind), "an item was not asked for in this request; compare the items")
		case c.Decision == Granted && i.Decision != Granted, c.Decision == Refused && i.Decision != Refused:
			return nil, domain.RefusedField("items", "decision_differs", d.right(r.Kind), "the decision on an item differs from that on the whole; decide partly")
		}
		seen[item] = true
		out = append(out, DecidedItem{i.Record, i.Category, i.Decision})
	}
	all := len(r.Items) > 0 && len(out) == len(r.Items)
	if c.Decision == Partly && all && !slices.ContainsFunc(out, func(i DecidedItem) bool { return i.Decision != out[0].Decision }) && out[0].Decision != Partly {
		return nil, domain.RefusedField("decision", "decision_differs", d.right(r.Kind), "every item is decided alike, so the whole is; give that decision")
	}
	return out, nil
}

// reasoned asks that who refuses anything says why and where the client can go
// with it (C-2.9.3, L-12). The reason may stand beside each refused item.
func reasoned(c *DecideRequest) *domain.Error {
	if c.Decision == Granted {
		return nil
	}
	blank := func(s string) bool { return strings.TrimSpace(s) == "" }
	declined, each := 0, true
	for _, i := range c.Items {
		if i.Decision != Granted {
			declined++
			each = each && !blank(i.Reason)
		}
	}
	if blank(c.Reason) && (declined == 0 || !each) {
		return domain.RefusedField("reason", "reason_missing", ruleRefusal, "a refusal gives its reasons; say why, for the whole or for each item that is refused")
	}
	if !domain.Filled(c.Remedies) {
		return domain.RefusedField("remedies", "remedies_missing", ruleRefusal, "a refusal says what the client can do: complain to the agency and to the Autoriteit Persoonsgegevens, and go to court within six weeks; add it")
	}
	return nil
}

func (d *decision) fulfilRequest(c *FulfilRequest) ([]domain.Fact, error) {
	r, err := d.request(c.Request)
	if err != nil {
		return nil, err
	}
	rule := d.right(r.Kind)
	switch {
	case charges(c.Fee):
		return nil, domain.RefusedField("fee", "fee_not_allowed", d.ruleFree(), "a request costs the client nothing; leave the fee out")
	case r.Decision == "":
		return nil, domain.RefusedField("request", "not_decided", rule, "this request has not been decided; decide on it first")
	case r.Decision == Refused:
		return nil, domain.RefusedField("request", "request_refused", rule, "this request was refused, so there is nothing to carry out")
	case !r.Fulfilled.IsZero():
		return nil, domain.RefusedField("request", "already_fulfilled", rule, "this request has been carried out already")
	}
	if err := d.within("fulfilled_on", c.FulfilledOn, r); err != nil {
		return nil, err
	}
	return domain.OneFact(&RequestFulfilled{Request: c.Request, Kind: r.Kind, FulfilledOn: c.FulfilledOn, Method: c.Method}), nil
}

// ruleFree is the article by which requests are free: that of a regulation
// which promises that they are fulfilled within the term and free (S-Inz), or
// else the law.
func (d *decision) ruleFree() string {
	if d.profile.Requests.Fulfil {
		return d.profile.Requests.Rule
	}
	return "L-12"
}

// charges tells whether a fee is anything but nothing: absent, null, an empty
// text, or a number that is zero.
func charges(fee json.RawMessage) bool {
	s := strings.Trim(strings.TrimSpace(string(fee)), `" `)
	return s != "null" && strings.Trim(s, "0.,€ ") != ""
}

func (d *decision) withdrawRequest(c *WithdrawRequest) ([]domain.Fact, error) {
	r, err := d.request(c.Request)
	if err != nil {
		return nil, err
	}
	if !r.Open() {
		return nil, domain.RefusedField("request", "request_closed", d.right(r.Kind), "this request has been refused or carried out, so there is nothing to withdraw")
	}
	if err := d.within("withdrawn_on", c.WithdrawnOn, r); err != nil {
		return nil, err
	}
	return domain.OneFact(&RequestWithdrawn{Request: c.Request, Kind: r.Kind, WithdrawnOn: c.WithdrawnOn}), nil
}

package dossier

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// day is the events of one day of Europe/Amsterdam, newest first.
type day struct {
	Title, ISO string
	Events     []event
	// Hidden is how many more there are that the reader may not see; Covered says so.
	Hidden  int
	Covered string
}

type event struct {
	Anchor, Icon, Class string
	Sentence, By        string
	Time, TimeISO       string
	Recorded            string // when that is another time
	Contents            []content
}

// lateAfter is how much later than it happened something is recorded before
// the page says so.
const lateAfter = 5 * time.Minute

func timeline(p *i18n.Printer, v *queries.DossierView) (days []day, count string) {
	list := slices.Clone(v.Timeline)
	slices.SortStableFunc(list, func(a, b queries.TimelineEntry) int {
		return cmp.Or(b.Occurred.Compare(a.Occurred), cmp.Compare(b.Position, a.Position))
	})
	for _, e := range list {
		d := nl.DateOf(e.Occurred)
		if len(days) == 0 || days[len(days)-1].ISO != d.String() {
			days = append(days, day{Title: sentence(d.WeekdayName(p.Lang)) + " " + d.Long(p.Lang), ISO: d.String()})
		}
		last := &days[len(days)-1]
		if e.Hidden {
			last.Hidden++
			continue
		}
		last.Events = append(last.Events, newEvent(p, v, e))
	}
	for i := range days {
		if n := days[i].Hidden; n > 0 {
			days[i].Covered = p.N("timeline.hidden", n)
		}
	}
	return days, p.N("timeline.count", len(list))
}

func newEvent(p *i18n.Printer, v *queries.DossierView, e queries.TimelineEntry) event {
	out := event{
		Anchor: "e" + e.Event, Icon: iconOf(e.Type), Sentence: say(p, v.Names, e.Type, clearOf(e.Clear)),
		By: p.T("timeline.by", "name", actor(p, e)), Time: nl.Time(e.Occurred, p.Lang), TimeISO: e.Occurred.UTC().Format(time.RFC3339),
	}
	if strings.HasSuffix(e.Type, ".refused") {
		out.Class = "refused"
	}
	if e.Recorded.Sub(e.Occurred) > lateAfter {
		out.Recorded = p.T("timeline.recorded", "time", nl.DateTime(e.Recorded, p.Lang))
	}
	for _, val := range e.Values {
		if inTimeline(val.Category) {
			out.Contents = append(out.Contents, newContent(p, val))
		}
	}
	return out
}

func actor(p *i18n.Printer, e queries.TimelineEntry) string {
	switch {
	case e.ActorName != "":
		return e.ActorName
	case e.Actor == domain.Operator || e.Actor == domain.Engine:
		return p.T("actor." + e.Actor)
	}
	return p.T("actor.someone")
}

func iconOf(eventType string) string {
	kind, _, _ := strings.Cut(eventType, ".")
	switch {
	case eventType == "disclosure.refused":
		return "stop"
	case eventType == "record.corrected" || eventType == "client.changed" || eventType == "hours.corrected":
		return "edit"
	}
	switch kind {
	case "dossier", "referral":
		return "folder"
	case "staff":
		return "person"
	case "trajectory":
		return "flag"
	case "record":
		return "text"
	case "hours":
		return "clock"
	case "consent", "objection":
		return "check"
	case "disclosure":
		return "send"
	case "hold", "restriction":
		return "lock"
	case "regulation":
		return "book"
	}
	return "dot"
}

// clear is the clear data of an event.
type clear map[string]json.RawMessage

func clearOf(raw json.RawMessage) clear {
	var c clear
	if json.Unmarshal(raw, &c) != nil {
		return clear{}
	}
	return c
}

func (c clear) str(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return strings.TrimSpace(string(c[name]))
	}
	return s
}

func (c clear) strs(name string) []string {
	var s []string
	if json.Unmarshal(c[name], &s) != nil {
		return nil
	}
	return s
}

func (c clear) num(name string) int {
	n, err := strconv.Atoi(c.str(name))
	if err != nil {
		return 0
	}
	return n
}

// listOf names the list of codes that a place of a sentence takes its words
// from; "<type>/<place>" goes before "<place>".
var listOf = map[string]string{
	"category": "category", "categories": "category", "classes": "class", "class": "recipient_class", "ground": "ground",
	"purpose": "purpose", "channel": "channel", "method": "channel", "activity": "activity", "outcome": "outcome", "service": "service",
	"source": "source", "language": "language", "capacity": "capacity", "referral": "referral", "recipient_class": "recipient_class",
	"role": "role", "for": "consent_for", "profile": "profile", "use": "unique_use", "fields": "field", "action": "access_action",
	"access.recorded/outcome": "access_outcome", "access.recorded/ground": "access_ground", "signin.recorded/outcome": "access_outcome", "overview.asked/outcome": "access_outcome",
	"retention.redated/reason": "redate_reason", "reminder.raised/kind": "reminder_kind", "reminder.raised/stage": "reminder_stage",
	"representative.recorded/kind": "representative_kind", "request.received/kind": "request_kind", "request.decided/kind": "request_kind",
	"request.fulfilled/kind": "request_kind", "request.withdrawn/kind": "request_kind", "request.decided/decision": "request_decision",
	"recipient.notified/outcome": "notice_outcome", "client.notified/about": "notice_about", "complaint.resolved/outcome": "complaint_outcome",
	"factor.added/kind": "factor", "factor.removed/kind": "factor", "session.ended/reason": "session_end",
	"incident.reported/kind": "incident_kind", "incident.assessed/risk": "incident_risk", "paper.destroyed/method": "paper_destruction",
	"glass.reviewed/finding": "glass_finding", "access.reviewed/outcome": "review_outcome",
	"disclosure.confirmed/answer": "approval_answer", "grant.confirmed/answer": "approval_answer", "adoption.confirmed/answer": "approval_answer",
}

// say is the sentence of an event, in words alone.
func say(p *i18n.Printer, names map[string]string, eventType string, c clear) string {
	if !p.Has("event." + eventType) {
		return p.T("timeline.unknown")
	}
	return p.Fill("event."+eventType, func(place string) string {
		list, ok := listOf[eventType+"/"+place]
		if !ok {
			list, ok = listOf[place]
		}
		switch {
		case ok && c.strs(place) != nil:
			names := c.strs(place)
			for i, code := range names {
				names[i] = inSentence(p.Code(list, code))
			}
			return p.Join(names)
		case ok:
			return p.Code(list, c.str(place))
		}
		return plain(p, names, place, c.str(place))
	})
}

// Say is the sentence of an event by its clear data, for other pages that show
// events; names are those of members of staff, by id.
func Say(p *i18n.Printer, names map[string]string, eventType string, data json.RawMessage) string {
	return say(p, names, eventType, clearOf(data))
}

// inSentence gives a label the small letter that it has inside a sentence;
// what is written in capitals, such as BSN, stays.
func inSentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToLower(first)) + s[n:]
}

// plain writes what is no code: dates, times, people, numbers.
func plain(p *i18n.Printer, names map[string]string, place, value string) string {
	switch place {
	case "minutes", "previous":
		n, err := strconv.Atoi(value)
		if err != nil {
			return p.T("unknown.code")
		}
		return nl.Minutes(n, p.Lang)
	case "staff":
		if n := names[value]; n != "" {
			return n
		}
		return sentence(p.T("actor.someone"))
	case "rule":
		return p.Rule(value)
	case "trajectory", "version", "cabinet", "size":
		return value
	case "from", "until", "discovered_at", "notified_at":
		if t, err := time.Parse(time.RFC3339, value); err == nil {
			return nl.LongDateTime(t, p.Lang)
		}
	}
	return longDate(p, value)
}

package dossier

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// talk is the form for a conversation: its report and its hours in one go
// . The four ids are made when the form is shown and come back with it,
// so that sending it twice records nothing twice.
type talk struct {
	Record, RecordCommand, Entry, EntryCommand string
	// Shown is the instant at which the form was made. Date and time that were
	// left as proposed mean this instant, to the nanosecond.
	Shown string
	// Stored is the position of the report when only the hours remain.
	Stored string

	Date, Time, Subject, Text, Hours, Minutes, Trajectory, Activity string

	Trajectories, Activities []ui.Option
	Open                     bool // unfolded, because something was typed
}

// Field names are the ids of the fields, so that an error can point to one.
const (
	maxSubject = 200 // characters
	maxMinutes = 24 * 60
)

func (p *Page) newTalk(words *i18n.Printer, v *queries.DossierView) *talk {
	now := p.kit.Clock.Now()
	t := &talk{Record: p.newID(), RecordCommand: p.newID(), Entry: p.newID(), EntryCommand: p.newID(), Shown: now.UTC().Format(time.RFC3339Nano)}
	t.Date, t.Time = nl.DateOf(now).Short(), now.In(nl.Amsterdam()).Format("15:04")
	t.Activity = "conversation"
	t.choices(words, v)
	return t
}

// choices fills the lists; without a view the one that was chosen is kept.
func (t *talk) choices(p *i18n.Printer, v *queries.DossierView) {
	var open []string
	if v != nil {
		for _, tr := range v.Trajectories {
			if tr.Ended == "" {
				open = append(open, tr.Number)
			}
		}
	}
	if t.Trajectory != "" && !slices.Contains(open, t.Trajectory) {
		open = append(open, t.Trajectory)
	}
	for _, n := range open {
		t.Trajectories = append(t.Trajectories, ui.Option{Value: n, Label: n, Selected: n == t.Trajectory})
	}
	for _, a := range domain.Activities {
		t.Activities = append(t.Activities, ui.Option{Value: a, Label: sentence(p.Code("activity", a)), Selected: a == t.Activity})
	}
}

// ServeConversation takes the form. Everything typed comes back when something
// is wrong with it, also when the dossier cannot be shown.
func (p *Page) ServeConversation(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	words := p.kit.Printer(r)
	t := readTalk(r)
	at, minutes, errs := t.check(words, p.kit.Clock.Now())
	if errs != nil {
		p.again(w, r, t, http.StatusBadRequest, errs)
		return
	}
	dossier := r.PathValue("dossier")
	if t.Stored == "" {
		out := p.commands.Execute(r.Context(), ui.Caller(r), t.report(r, dossier, at))
		if out.Outcome == commands.Refused {
			p.refused(w, r, t, out)
			return
		}
		t.Stored = strconv.FormatUint(out.Position, 10)
	}
	after, done := t.Stored, "report"
	if minutes > 0 {
		out := p.commands.Execute(r.Context(), ui.Caller(r), t.hours(r, dossier, at, minutes))
		if out.Outcome == commands.Refused {
			p.refused(w, r, t, out)
			return
		}
		after, done = strconv.FormatUint(out.Position, 10), "hours"
	}
	http.Redirect(w, r, "/dossiers/"+dossier+"?saved="+done+"&after="+after+"#saved", http.StatusSeeOther)
}

func readTalk(r *http.Request) *talk {
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	t := &talk{
		Record: get("record"), RecordCommand: get("record_command"), Entry: get("entry"), EntryCommand: get("entry_command"),
		Shown: get("shown"), Stored: get("stored"), Date: get("date"), Time: get("time"), Subject: get("subject"),
		Text:  strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"),
		Hours: get("hours"), Minutes: get("minutes"), Trajectory: get("trajectory"), Activity: get("activity"), Open: true,
	}
	if _, err := strconv.ParseUint(t.Stored, 10, 63); err != nil {
		t.Stored = ""
	}
	return t
}

// check reads what was typed: when it was, and for how long.
func (t *talk) check(p *i18n.Printer, now time.Time) (at time.Time, minutes int, errs []ui.FieldError) {
	wrong := func(field, key string) { errs = append(errs, ui.FieldError{Field: field, Text: p.T(key)}) }
	at = t.when(now, wrong)
	switch {
	case t.Subject == "":
		wrong("subject", "form.required.subject")
	case utf8.RuneCountInString(t.Subject) > maxSubject:
		wrong("subject", "form.long.subject")
	case !utf8.ValidString(t.Subject):
		wrong("subject", "form.text.invalid")
	}
	switch {
	case strings.TrimSpace(t.Text) == "":
		wrong("text", "form.required.text")
	case !utf8.ValidString(t.Text):
		wrong("text", "form.text.invalid")
	}
	h, okH := whole(t.Hours)
	m, okM := whole(t.Minutes)
	minutes = h*60 + m
	switch {
	case !okH || minutes > maxMinutes:
		wrong("hours", "form.invalid.minutes")
	case !okM:
		wrong("minutes", "form.invalid.minutes")
	}
	if minutes > 0 {
		if !domain.ValidTrajectoryForm(t.Trajectory) {
			wrong("trajectory", "form.choose.trajectory")
		}
		if !slices.Contains(domain.Activities, t.Activity) {
			wrong("activity", "form.choose.activity")
		}
	}
	return at, minutes, errs
}

func (t *talk) when(now time.Time, wrong func(field, key string)) time.Time {
	d, okD := ui.ParseDate(t.Date)
	clock, errT := time.Parse("15:04", strings.ReplaceAll(t.Time, ".", ":"))
	switch {
	case t.Date == "":
		wrong("date", "form.required.date")
	case !okD:
		wrong("date", "form.invalid.date")
	case errT != nil:
		wrong("time", "form.invalid.time")
	default:
		at := time.Date(d.Year(), d.Month(), d.Day(), clock.Hour(), clock.Minute(), 0, 0, nl.Amsterdam())
		if shown, err := time.Parse(time.RFC3339Nano, t.Shown); err == nil && shown.In(nl.Amsterdam()).Truncate(time.Minute).Equal(at) {
			at = shown
		}
		if at.After(now) {
			wrong("date", "form.future")
		}
		return at
	}
	return time.Time{}
}

// whole reads a number of at most four digits; nothing is 0.
func whole(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n < 10_000
}

func (t *talk) report(r *http.Request, dossier string, at time.Time) commands.Request {
	return request(r, dossier, t.RecordCommand, "AddRecord", at, struct {
		Record     string `json:"record"`
		Category   string `json:"category"`
		Title      string `json:"title"`
		Text       string `json:"text"`
		Source     string `json:"source"`
		Trajectory string `json:"trajectory,omitempty"`
	}{t.Record, "report", t.Subject, t.Text, "staff_report", t.Trajectory})
}

func (t *talk) hours(r *http.Request, dossier string, at time.Time, minutes int) commands.Request {
	return request(r, dossier, t.EntryCommand, "LogHours", at, struct {
		Entry      string `json:"entry"`
		Trajectory string `json:"trajectory"`
		Date       string `json:"date"`
		Minutes    int    `json:"minutes"`
		Activity   string `json:"activity"`
	}{t.Entry, t.Trajectory, nl.DateOf(at).String(), minutes, t.Activity})
}

func request(r *http.Request, dossier, id, name string, at time.Time, data any) commands.Request {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	who, _ := ui.IdentityOf(r)
	return commands.Request{ID: id, Agency: who.Agency, At: at.UTC().Format(time.RFC3339Nano), Command: name, Dossier: dossier, Data: raw}
}

// fieldOf maps the field of a command to the field of the form.
var fieldOf = map[string]string{"at": "date", "date": "date", "title": "subject", "text": "text", "minutes": "minutes", "trajectory": "trajectory", "activity": "activity"}

// refused shows the form again with the refusal and the article behind it.
func (p *Page) refused(w http.ResponseWriter, r *http.Request, t *talk, out commands.Outcome) {
	words := p.kit.Printer(r)
	m := p.kit.ExplainOutcome(words, out)
	e := ui.FieldError{Field: fieldOf[strings.TrimPrefix(strings.TrimPrefix(m.Field, "/"), "data.")], Text: m.Text, Rule: m.Rule}
	if m.Lang != words.Lang {
		e.Lang = string(m.Lang)
	}
	if m.Retry {
		w.Header().Set("Retry-After", "2")
	}
	p.again(w, r, t, m.Status, []ui.FieldError{e})
}

// again shows what was typed with what is wrong, in the dossier if that can be
// shown and alone if not.
func (p *Page) again(w http.ResponseWriter, r *http.Request, t *talk, status int, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	m := &model{}
	view, err := p.view(r, "view", queries.DossierOptions{Open: true}, t.Stored)
	if err == nil {
		m = build(words, view, asOf{})
	}
	t.choices(words, view)
	m.Talk = t
	p.render(w, r, status, m, errs)
}

package bench

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// The agency of the benchmark. All people in it are made up.
const (
	agency  = "bench"
	profile = "click-2017"
	coaches = 40
)

// first is when the agency began to use the engine.
var first = time.Date(2024, 1, 8, 8, 0, 0, 0, time.UTC)

// id gives the n-th id of a kind. The same ones come each time; they are spread
// evenly, as random ids are, which is what indexes have to stand.
func id(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", kind, n))
	u := uuid.UUID(sum[:16])
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u.String()
}

// The ids are asked for under load, so they are made once.
var (
	coachIDs   = sync.OnceValue(func() []string { return ids("coach", coaches) })
	dossierIDs = sync.OnceValue(func() []string { return ids("dossier", mostDossiers) })
)

const mostDossiers = 20_000

func ids(kind string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = id(kind, i)
	}
	return list
}

func coach(i int) string     { return coachIDs()[i%coaches] }
func dossierID(i int) string { return dossierIDs()[i] }

// text is about n bytes of a report.
func text(n int) string {
	const report = "Voortgangsgesprek gevoerd op kantoor. Besproken wat er sinds de vorige keer is gedaan en wat de volgende stap wordt. "
	return strings.Repeat(report, n/len(report)+1)[:n]
}

// sealedText makes a record's sealed content about 500 bytes.
const sealedText = 430

type fields map[string]any

func request(cmd, actor, dossier string, at time.Time, data fields) commands.Request {
	raw, err := json.Marshal(data)
	if err != nil {
		panic("bench: " + err.Error()) // strings and numbers alone
	}
	r := commands.Request{ID: uuid.NewString(), Agency: agency, Actor: actor, Command: cmd, Dossier: dossier, Data: raw}
	if !at.IsZero() {
		r.At = at.Format(time.RFC3339)
	}
	return r
}

// bringIn is the operator, who brings in what happened before.
var bringIn = commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}

// asCoach is a coach who works in the program.
func asCoach(i int) commands.Caller {
	return commands.Caller{Door: commands.DoorAPI, Agency: agency, Staff: coach(i)}
}

// beginAgency are the commands that set the agency up.
func beginAgency() []commands.Request {
	at := first.AddDate(0, 0, -7)
	day := nl.DateOf(at).String()
	rs := []commands.Request{request("AdoptRegulation", domain.Operator, "", at, fields{"profile": profile, "version": 1, "effective_from": day})}
	for i := range coaches {
		rs = append(rs,
			request("EnrolStaff", domain.Operator, "", at, fields{"staff": coach(i), "name": fmt.Sprintf("Coach Demo %d", i), "login": fmt.Sprintf("coach-%d", i)}),
			request("SignConfidentiality", domain.Operator, "", at, fields{"staff": coach(i), "signed_on": day, "reference": "personeelsdossier"}),
			request("GrantRole", domain.Operator, "", at, fields{"staff": coach(i), "role": "coach"}))
	}
	return append(rs, request("RegisterRecipient", domain.Operator, "", at,
		fields{"recipient": id("recipient", 0), "name": "Opdrachtgever Demo", "class": "commissioner", "subtype": "uwv", "agreement": "raamovereenkomst"}))
}

// steps is the number of commands that open a dossier and begin to fill it.
const steps = 8

// step is the k-th command of the i-th dossier.
func step(i, k int) commands.Request {
	d, c := dossierID(i), coach(i)
	at := first.AddDate(0, 0, 3*k).Add(time.Duration(i%480) * time.Minute)
	day := nl.DateOf(at).String()
	record := func(category, source, title string) commands.Request {
		return request("AddRecord", c, d, at, fields{"record": id("record", i*steps+k), "category": category, "title": title,
			"text": text(sealedText), "source": source, "obtained_on": day, "trajectory": trajectory(i)})
	}
	hours := func(activity string, minutes int) commands.Request {
		return request("LogHours", c, d, at, fields{"entry": id("entry", i*steps+k), "trajectory": trajectory(i), "date": day,
			"minutes": minutes, "activity": activity, "note": "gesprek op kantoor"})
	}
	switch k {
	case 0:
		return request("OpenDossier", c, d, at, fields{"client": client(i), "service": "reintegration", "referral": "commissioned",
			"commissioner": id("recipient", 0), "standing": "benefit"})
	case 1:
		return request("AssignStaff", domain.Operator, d, at, fields{"staff": c, "capacity": "responsible"})
	case 2:
		return request("StartTrajectory", c, d, at, fields{"trajectory": trajectory(i), "budget_minutes": 2400,
			"planned_end": nl.DateOf(at.AddDate(0, 9, 0)).String(), "order_number": fmt.Sprintf("O-%d", i)})
	case 3:
		return record("report", "staff_report", "Intakegesprek")
	case 4:
		return hours("conversation", 60)
	case 5:
		return record("vision", "client", "Visie van de cliënt")
	case 6:
		return record("plan", "staff_report", "Re-integratieplan")
	default:
		return hours("report", 45)
	}
}

func trajectory(i int) string { return fmt.Sprintf("T-2024-%06d", i) }

// client are the particulars of a made-up client.
func client(i int) fields {
	return fields{
		"family_name": fmt.Sprintf("Demo-%d", i), "given_names": "Anna Maria", "birth_date": fmt.Sprintf("%d-03-14", 1960+i%40),
		"address": fields{"street": fmt.Sprintf("Verzonnenlaan %d", i), "postcode": "9999 XA", "city": "Westerveen"}, "telephone": "06-00000001",
	}
}

// addRecord is a coach's command to put a record of about 500 sealed bytes on
// file now.
func addRecord(dossier int) commands.Request {
	r := commands.Request{ID: uuid.NewString(), Agency: agency, Command: "AddRecord", Dossier: dossierID(dossier)}
	r.Data = make([]byte, 0, len(recordStart)+36+len(recordEnd))
	r.Data = append(append(append(r.Data, recordStart...), uuid.NewString()...), recordEnd...)
	return r
}

// The data of addRecord around its id, made once: the callers share the
// machine's time with what they measure.
const recordStart = `{"record":"`

var recordEnd = `","category":"report","title":"Voortgangsgesprek","text":"` + text(sealedText) + `","source":"staff_report"}`

// accepted carries out one command, which has to be accepted.
func accepted(ctx context.Context, e *engine.Engine, c commands.Caller, r commands.Request) (commands.Outcome, error) {
	o := e.Commands.Execute(ctx, c, r)
	if o.Outcome != commands.Accepted {
		return o, fmt.Errorf("%s: %s (%s): %s", r.Command, o.Outcome, o.Code, o.Message)
	}
	return o, nil
}

// begin sets the agency and some dossiers up; all has to be accepted.
func begin(ctx context.Context, e *engine.Engine, dossiers int) error {
	rs := beginAgency()
	for k := range steps {
		for i := range dossiers {
			rs = append(rs, step(i, k))
		}
	}
	for i, o := range e.Commands.ExecuteWindow(ctx, bringIn, rs) {
		if o.Outcome != commands.Accepted {
			return fmt.Errorf("%s: %s (%s): %s", rs[i].Command, o.Outcome, o.Code, o.Message)
		}
	}
	return nil
}

// writeStep writes the k-th command of n dossiers as an import file.
func writeStep(name string, n, k int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for i := range n {
		if err := enc.Encode(step(i, k)); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(b.Flush(), f.Close())
}

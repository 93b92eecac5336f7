package apitest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/queries"
)

func at(day, clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04 -0700", day+" "+clock+" +0100")
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func value(c domain.Category, record, eventType string, data string) queries.Value {
	return queries.Value{Category: c, Record: record, Data: json.RawMessage(data), State: "open", Event: eventAt(12), Position: 12, Occurred: at("2026-09-01", "09:00"), Recorded: at("2026-09-01", "09:05"), EventType: eventType}
}

// eventAt is the id of the event at a position.
func eventAt(position uint64) string {
	return fmt.Sprintf("018f0000-0000-7000-8000-%012x", position)
}

// Typical is a dossier as a coach has many of: particulars, two trajectories,
// reports, hours, a consent, a disclosure and a refused one.
func Typical() (queries.CaseloadRow, *queries.DossierView) {
	row := queries.CaseloadRow{Dossier: First, Name: "Jansen, Sanne", Status: "open", Service: "reintegration", Trajectories: []string{"T-2026-014"},
		Assigned: []string{"Anna de Coach"}, AssignedToMe: true, Records: 4, Minutes: 435, Budget: 1200, LastEventAt: "2026-11-17T10:30:00Z"}
	contact := value(domain.CatContact, "", "dossier.opened", `{"family_name":"Jansen","given_names":"Sanne","address":{"street":"Oudegracht","number":"12","postcode":"3511 AB","place":"Utrecht"}}`)
	moved := value(domain.CatContact, "", "client.changed", `{"address":{"street":"Voorstraat","number":"3 bis","postcode":"3512 AH","place":"Utrecht"}}`)
	personal := value(domain.CatPersonal, "", "dossier.opened", `{"birth_date":"1984-05-02","telephone":"06 12345678","nationality":"NL"}`)
	bsn := value(domain.CatBSN, "", "dossier.opened", `{"bsn":"111222333"}`)
	report := value(domain.CatReport, "018f0000-0000-7000-8000-0000000000f1", "record.added",
		`{"title":"Intakegesprek","text":"Sanne heeft negen jaar in de logistiek gewerkt en wil weer drie dagen per week aan de slag.\n\nAfgesproken: zij stelt een lijst op van bedrijven in de buurt."}`)
	plan := value(domain.CatPlan, "018f0000-0000-7000-8000-0000000000f2", "record.added", `{"title":"Trajectplan","text":"Twee proefplaatsingen voor maart."}`)
	report.Event, plan.Event = eventAt(18), eventAt(40)
	medical := value(domain.CatCapacity, "018f0000-0000-7000-8000-0000000000f3", "record.added", `{"title":"Belastbaarheid"}`)
	medical.State, medical.Data = "restricted", nil
	gone := value(domain.CatMedical, "018f0000-0000-7000-8000-0000000000f4", "record.added", ``)
	gone.State, gone.Data = "destroyed", nil
	v := &queries.DossierView{
		Agency: "click", Dossier: First, Status: "open", Position: 40, Profile: "click-2017", ProfileVer: 1,
		State: json.RawMessage(`{}`),
		Contact: []queries.Value{value(domain.CatContact, "", "client.changed",
			`{"family_name":"Jansen","given_names":"Sanne","address":{"street":"Voorstraat","number":"3 bis","postcode":"3512 AH","place":"Utrecht"}}`)},
		Personal:     []queries.Value{personal, bsn},
		Values:       []queries.Value{report, plan, medical, gone},
		Assigned:     []queries.StaffName{{Staff: Anna, Name: "Anna de Coach", Roles: []string{"coach"}}},
		Names:        map[string]string{Anna: "Anna de Coach"},
		Trajectories: []queries.Trajectory{{Number: "T-2024-003", Started: "2024-02-01", Ended: "2024-11-30"}, {Number: "T-2026-014", Started: "2026-09-01"}},
		Minutes:      435,
	}
	ev := func(position uint64, typ, day, clock, clear string, values ...queries.Value) {
		v.Timeline = append(v.Timeline, queries.TimelineEntry{Position: position, Event: eventAt(position), Type: typ,
			Occurred: at(day, clock), Recorded: at(day, clock).Add(time.Minute), Actor: Anna, ActorName: "Anna de Coach", Clear: json.RawMessage(clear), Values: values})
	}
	ev(12, "dossier.opened", "2026-09-01", "09:00", `{"service":"reintegration","referral":"commissioned","standing":"benefit","fields":["address","birth_date","bsn"]}`, contact, personal, bsn)
	ev(13, "staff.assigned", "2026-09-01", "09:04", `{"staff":"`+Anna+`","capacity":"responsible","from":"2026-09-01T07:04:00Z"}`)
	ev(14, "trajectory.started", "2026-09-01", "09:10", `{"trajectory":"T-2026-014","started_on":"2026-09-01","service":"reintegration","budget_minutes":1200}`)
	ev(15, "regulation.handed_out", "2026-09-01", "09:20", `{"version":1,"language":"nl","method":"in_person","acknowledged":true}`)
	ev(18, "record.added", "2026-09-01", "10:30", `{"record":"018f0000-0000-7000-8000-0000000000f1","category":"report","class":"dossier","source":"staff_report","trajectory":"T-2026-014"}`, report)
	ev(19, "hours.logged", "2026-09-01", "10:30", `{"entry":"018f0000-0000-7000-8000-0000000000a1","trajectory":"T-2026-014","date":"2026-09-01","minutes":75,"activity":"conversation","worked_by":"`+Anna+`"}`)
	ev(23, "consent.given", "2026-10-06", "11:00", `{"consent":"018f0000-0000-7000-8000-0000000000c1","for":"disclose","categories":["plan","report"],"purpose":"guidance","explicit":true,"until":"2027-10-06"}`)
	ev(27, "disclosure.refused", "2026-10-14", "15:12", `{"disclosure":"018f0000-0000-7000-8000-0000000000b0","code":"phone_forbidden","rule":"C-2.7c","categories":["contact"],"ground":"guidance","purpose":"guidance","channel":"telephone"}`)
	ev(28, "disclosure.made", "2026-10-14", "15:20", `{"disclosure":"018f0000-0000-7000-8000-0000000000b1","recipient":"018f0000-0000-7000-8000-0000000000b2","recipient_class":"commissioner","recipient_subtype":"uwv","categories":["plan"],"ground":"guidance","purpose":"guidance","channel":"secure_mail","profile":"click-2017","profile_version":1}`,
		queries.Value{Category: domain.CatRecipient, Data: json.RawMessage(`{"recipient_person":"Afdeling Werkbedrijf"}`), State: "open"})
	ev(33, "client.changed", "2026-11-02", "08:45", `{"fields":["address"],"valid_from":"2026-11-01","source":"client"}`, moved)
	ev(40, "record.added", "2026-11-17", "11:30", `{"record":"018f0000-0000-7000-8000-0000000000f2","category":"plan","class":"dossier","source":"client"}`, plan)
	v.Timeline[len(v.Timeline)-1].Recorded = at("2026-11-19", "16:02")
	return row, v
}

// Hostile is a dossier whose every free text tries to break out of the page.
func Hostile() (queries.CaseloadRow, *queries.DossierView) {
	const bad = `\"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}} javascript:alert(1) \u202eesrever`
	id := "018f0000-0000-7000-8000-000000000d66"
	row, v := Typical()
	plain := `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}} javascript:alert(1) ` + "\u202eesrever"
	row.Dossier, row.Name, row.Trajectories, row.Assigned, row.Service, row.Status = id, plain, []string{plain}, []string{plain}, plain, plain
	row.LastEventAt = plain
	v.Dossier, v.Status, v.Profile = id, plain, plain
	for _, list := range [][]queries.Value{v.Contact, v.Personal, v.Values} {
		for i := range list {
			list[i].Data = json.RawMessage(`{"title":"` + bad + `","text":"` + bad + `","family_name":"` + bad + `","given_names":"` + bad + `","` + bad + `":"` + bad + `","address":{"street":"` + bad + `"}}`)
			list[i].State = "open"
		}
	}
	v.Values[0].Data = json.RawMessage(`not json`)
	v.Values[1].Category, v.Values[1].State = domain.Category(plain), plain
	v.Assigned[0].Name = plain
	v.Names = map[string]string{Anna: plain}
	v.Trajectories = []queries.Trajectory{{Number: plain, Started: plain, Ended: plain}, {Number: plain, Started: plain}}
	for i := range v.Timeline {
		t := &v.Timeline[i]
		t.ActorName = plain
		t.Values = v.Values
		t.Clear = json.RawMessage(`{"trajectory":"` + bad + `","category":"` + bad + `","activity":"` + bad + `","minutes":-5,"categories":["` + bad + `"],"ground":"` + bad + `","channel":"` + bad + `","rule":"` + bad + `","staff":"` + bad + `","date":"` + bad + `"}`)
		if i%3 == 0 {
			t.Type, t.Clear = plain, json.RawMessage(`[1`)
		}
	}
	return row, v
}

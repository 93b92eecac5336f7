package engine_test

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
)

// step is one command of the life in which every personal field of every
// command holds a marker. Its data is that of catalogue §2; what stands between
// ‹ and › is a marker.
type step struct{ command, dossier, at, data string }

const (
	dosA = "d0000000-0000-4000-8000-00000000000a" // whose life it is
	dosB = "d0000000-0000-4000-8000-00000000000b" // declined
	eva  = "a0000000-0000-4000-8000-000000000001"
	bob  = "a0000000-0000-4000-8000-000000000002"
	carl = "a0000000-0000-4000-8000-000000000003"
	dirk = "a0000000-0000-4000-8000-000000000004"
)

// The values whose form is fixed are markers as they stand.
const (
	markBSN   = "123456782"
	markBSN2  = "111222333"
	markIBAN  = "NL91ABNA0417164300"
	markIBAN2 = "NL20INGB0001234567"
	markBirth = "1931-07-13"
)

// steps is the life, in order. A new command fails the test until it has a
// step in which each of its texts holds a marker.
var steps = []step{
	{"AdoptRegulation", "", "2019-01-01T00:00:00Z", `{"profile":"click-2017","version":1,"effective_from":"2017-01-19","approved_by":"` + carl + `"}`},
	{"AdoptPolicies", "", "2019-01-01T00:30:00Z", `{"approved_by":"` + carl + `"}`},
	{"EnrolStaff", "", "2019-01-01T01:00:00Z", `{"staff":"` + eva + `","name":"‹staff name›","login":"‹login›"}`},
	{"SignConfidentiality", "", "2019-01-01T02:00:00Z", `{"staff":"` + eva + `","signed_on":"2019-01-01","reference":"‹declaration›"}`},
	{"GrantRole", "", "2019-01-01T03:00:00Z", `{"staff":"` + eva + `","role":"coach"}`},
	{"EnrolStaff", "", "2019-01-01T01:00:00Z", `{"staff":"` + bob + `","name":"‹other name›","login":"‹other login›"}`},
	{"SignConfidentiality", "", "2019-01-01T02:00:00Z", `{"staff":"` + bob + `","signed_on":"2019-01-01","reference":"‹other declaration›","until":"2029-01-01"}`},
	{"GrantRole", "", "2019-01-01T03:00:00Z", `{"staff":"` + bob + `","role":"director"}`},
	{"RevokeRole", "", "2019-01-02T03:00:00Z", `{"staff":"` + bob + `","role":"director"}`},
	{"EndStaff", "", "2019-01-03T03:00:00Z", `{"staff":"` + bob + `","left_on":"2019-01-03"}`},
	{"EnrolStaff", "", "2019-01-01T01:00:00Z", `{"staff":"` + carl + `","name":"‹third name›","login":"‹third login›"}`},
	{"SignConfidentiality", "", "2019-01-01T02:00:00Z", `{"staff":"` + carl + `","signed_on":"2019-01-01","reference":"‹third declaration›"}`},
	{"GrantRole", "", "2019-01-01T03:00:00Z", `{"staff":"` + carl + `","role":"director"}`},
	{"EnrolStaff", "", "2019-01-01T01:00:00Z", `{"staff":"` + dirk + `","name":"‹supplier›","login":"‹supplier login›"}`},
	{"SignConfidentiality", "", "2019-01-01T02:00:00Z", `{"staff":"` + dirk + `","signed_on":"2019-01-01","reference":"‹supplier declaration›"}`},
	{"GrantRole", "", "2019-01-01T03:00:00Z", `{"staff":"` + dirk + `","role":"supplier"}`},
	{"GrantMaintenance", "", "2019-01-02T03:00:00Z", `{"grant":"70000000-0000-4000-8000-000000000002","staff":"` + dirk + `","contract":"‹contract›","ticket":"‹ticket›","from":"2019-01-02","until":"2019-01-03","approved_by":"` + carl + `"}`},
	{"RegisterRecipient", "", "2019-01-01T04:00:00Z", `{"recipient":"b0000000-0000-4000-8000-000000000001","name":"‹commissioner›","class":"commissioner","subtype":"uwv","agreement":"‹agreement›","agreement_until":"2030-01-01","secrecy_reference":"‹secrecy›","authorised_for_subsidies":true}`},
	{"RegisterRecipient", "", "2019-01-01T04:00:00Z", `{"recipient":"b0000000-0000-4000-8000-000000000002","name":"‹employer›","class":"employer","subtype":"current"}`},
	{"ChangeRecipient", "", "2019-01-02T04:00:00Z", `{"recipient":"b0000000-0000-4000-8000-000000000002","name":"‹employer renamed›","class":"employer","subtype":"prospective","agreement":"‹agreement two›","secrecy_reference":"‹secrecy two›"}`},
	{"EndRecipient", "", "2021-01-02T04:00:00Z", `{"recipient":"b0000000-0000-4000-8000-000000000002"}`},

	{"OpenDossier", dosA, "2020-01-01T09:00:00Z", `{"client":{"family_name":"‹family›","given_names":"‹given›","birth_date":"` + markBirth + `","address":{"street":"‹street›","town":"‹town›"},"telephone":"‹telephone›","sex":"‹sex›","nationality":"‹nationality›","bsn":"` + markBSN + `","bsn_statute":"‹statute›","bank":"` + markIBAN + `"},"service":"reintegration","referral":"commissioned","commissioner":"b0000000-0000-4000-8000-000000000001","standing":"employee"}`},
	{"OpenDossier", dosB, "2020-01-01T09:00:00Z", `{"client":{"family_name":"‹family b›","given_names":"‹given b›","address":"‹address b›"},"service":"reintegration","referral":"self","standing":"none"}`},
	{"DeclineReferral", dosB, "2020-01-02T09:00:00Z", `{"declined_on":"2020-01-02","by":"‹decliner›","reason":"‹decline›"}`},
	{"ChangeClient", dosA, "2020-01-02T09:00:00Z", `{"fields":{"family_name":"‹family new›","given_names":"‹given new›","birth_date":"` + markBirth + `","address":["‹address new›"],"telephone":"‹telephone new›","sex":"‹sex new›","nationality":"‹nationality new›","bsn":"` + markBSN2 + `","bsn_statute":"‹statute new›","bank":"` + markIBAN2 + `"},"valid_from":"2020-01-02","source":"client","correction":true}`},
	{"HandOutRegulation", dosA, "2020-01-02T09:10:00Z", `{"version":1,"language":"nl","method":"oral","acknowledged":true,"sources":["third_party"]}`},
	{"AssignStaff", dosA, "2020-01-02T10:00:00Z", `{"staff":"` + eva + `","capacity":"responsible"}`},
	{"AssignStaff", dosA, "2020-01-02T10:00:01Z", `{"staff":"` + eva + `","capacity":"co"}`},
	{"UnassignStaff", dosA, "2020-01-02T10:00:02Z", `{"staff":"` + eva + `","capacity":"co"}`},
	{"StartTrajectory", dosA, "2020-01-03T09:00:00Z", `{"trajectory":"T-1","service":"reintegration","commissioner":"b0000000-0000-4000-8000-000000000001","order_number":"‹order›","agreement_until":"2021-01-01","planned_end":"2020-12-31","budget_minutes":600,"processing_role":"processor"}`},
	{"GiveConsent", dosA, "2020-01-03T10:00:00Z", `{"consent":"e0000000-0000-4000-8000-000000000001","for":"record","categories":["medical","disability","income"],"recipient":"b0000000-0000-4000-8000-000000000002","purpose":"guidance","explicit":true,"evidence":{"‹evidence key›":"‹evidence›"},"given_by":"‹giver›","notice_version":"‹notice›"}`},
	{"GiveConsent", dosA, "2020-01-03T10:00:01Z", `{"consent":"e0000000-0000-4000-8000-000000000002","for":"disclose","categories":["report"],"recipient":"b0000000-0000-4000-8000-000000000002","purpose":"guidance","explicit":true,"evidence":"‹evidence two›"}`},
	{"AddRecord", dosA, "2020-01-04T09:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000001","category":"report","contains":["plan"],"title":"‹title›","text":"‹text›","fields":{"‹field key›":["‹field›"]},"source":"third_party","provided_by":"‹provider›","obtained_on":"2020-01-03","trajectory":"T-1","necessity":"‹necessity›"}`},
	{"AddRecord", dosA, "2020-01-04T09:01:00Z", `{"record":"c0000000-0000-4000-8000-000000000002","category":"medical","title":"‹medical title›","text":"‹medical›","source":"client"}`},
	{"AddRecord", dosA, "2020-01-04T09:02:00Z", `{"record":"c0000000-0000-4000-8000-000000000003","category":"subsidy","title":"‹subsidy title›","source":"client"}`},
	{"CorrectRecord", dosA, "2020-01-05T09:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000001","replacement":{"category":"plan","contains":["report"],"title":"‹title corrected›","text":"‹text corrected›","fields":{"a":"‹field corrected›"},"source":"client","provided_by":"‹provider corrected›","trajectory":"T-1","necessity":"‹necessity corrected›"},"reason":"‹correction›","request":"e0000000-0000-4000-8000-000000000009"}`},
	{"CompleteRecord", dosA, "2020-01-06T09:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000002","statement":"‹statement›","by":"‹author›"}`},
	{"RestrictRecord", dosA, "2020-01-06T10:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000003","reason":"‹restriction›"}`},
	{"LiftRestriction", dosA, "2020-01-06T11:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000003","reason":"‹lifting›","client_informed_on":"2020-01-06"}`},
	{"LogHours", dosA, "2020-01-06T12:00:00Z", `{"entry":"f0000000-0000-4000-8000-000000000001","trajectory":"T-1","date":"2020-01-06","minutes":30,"activity":"conversation","note":"‹note›","worked_by":"` + eva + `"}`},
	{"CorrectHours", dosA, "2020-01-06T13:00:00Z", `{"entry":"f0000000-0000-4000-8000-000000000001","minutes":20,"reason":"‹hours reason›"}`},
	{"RefuseConsent", dosA, "2020-01-07T09:00:00Z", `{"consent":"e0000000-0000-4000-8000-000000000003","channel":"oral"}`},
	{"Disclose", dosA, "2020-01-07T09:30:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000001","recipient":"b0000000-0000-4000-8000-000000000001","recipient_person":"‹contact person›","address_used":"‹address used›","categories":["contact","plan","report"],"records":["c0000000-0000-4000-8000-000000000001"],"ground":"guidance","evidence":{"necessity":"‹need›","document":"‹document›"},"purpose":"guidance","channel":"letter","approved_by":"` + carl + `"}`},
	{"Disclose", dosA, "2020-01-07T09:31:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000002","recipient":"b0000000-0000-4000-8000-000000000001","recipient_person":"‹contact person two›","address_used":"‹address used two›","categories":["contact"],"ground":"court_order","evidence":{"court":"‹court›","case_number":"‹case number›","date":"‹date of order›"},"purpose":"guidance","channel":"in_person"}`},
	{"WithdrawConsent", dosA, "2020-01-08T09:00:00Z", `{"consent":"e0000000-0000-4000-8000-000000000001","received_on":"2020-01-08","channel":"letter"}`},
	{"ObjectToContactDisclosure", dosA, "2020-01-08T10:00:00Z", `{"received_on":"2020-01-08","reference":"‹objection›"}`},
	{"WithdrawObjection", dosA, "2020-01-09T10:00:00Z", `{"received_on":"2020-01-09","reference":"‹objection withdrawn›"}`},
	{"PlaceHold", dosA, "2020-01-09T11:00:00Z", `{"hold":"90000000-0000-4000-8000-000000000001","classes":["dossier"],"reason":"‹hold›","records":["c0000000-0000-4000-8000-000000000001"],"review_on":"2021-01-01"}`},
	{"LiftHold", dosA, "2020-01-09T12:00:00Z", `{"hold":"90000000-0000-4000-8000-000000000001","reason":"‹hold lifted›"}`},
	{"EndTrajectory", dosA, "2020-02-01T09:00:00Z", `{"trajectory":"T-1","ended_on":"2020-02-01","outcome":"work"}`},
	{"ReopenTrajectory", dosA, "2020-02-02T09:00:00Z", `{"trajectory":"T-1","reason":"‹reopening›"}`},
	{"GrantAccess", "", "2020-02-02T09:00:00Z", `{"grant":"70000000-0000-4000-8000-000000000001","staff":"` + eva + `","dossiers":["` + dosA + `","` + dosB + `"],"categories":["contact"],"purpose":"guidance","reason":"‹grant reason›","from":"2020-02-02","until":"2020-03-02","authorised_by":"` + carl + `"}`},
	{"RevokeAccess", "", "2020-02-03T09:00:00Z", `{"grant":"70000000-0000-4000-8000-000000000001","staff":"` + eva + `","reason":"‹revoking reason›"}`},
	{"ReportIncident", "", "2020-02-03T10:00:00Z", `{"incident":"60000000-0000-4000-8000-000000000001","discovered_at":"2020-02-03T09:00:00Z","kind":"‹incident kind›","dossiers":["` + dosA + `","` + dosB + `"],"categories":["contact"],"people":2,"text":"‹incident›"}`},
	{"AssessIncident", "", "2020-02-03T11:00:00Z", `{"incident":"60000000-0000-4000-8000-000000000001","risk":"medium","notify_authority":true,"notify_clients":false,"reason":"‹assessment›"}`},
	{"NotifyAuthority", "", "2020-02-03T12:00:00Z", `{"incident":"60000000-0000-4000-8000-000000000001","notified_at":"2020-02-03T11:30:00Z","reference":"‹authority reference›"}`},
	{"CloseIncident", "", "2020-02-04T12:00:00Z", `{"incident":"60000000-0000-4000-8000-000000000001","closed_on":"2020-02-04","outcome":"‹incident outcome›"}`},
	{"RegisterVolume", dosA, "2020-02-04T12:00:00Z", `{"volume":"50000000-0000-4000-8000-000000000001","cabinet":"K-1"}`},
	{"CheckOutPaper", "", "2020-02-04T13:00:00Z", `{"volume":"50000000-0000-4000-8000-000000000001","purpose":"guidance","note":"‹paper note›"}`},
	{"AttestCabinets", "", "2020-02-04T18:00:00Z", `{"date":"2020-02-04","cabinet":"K-1","explanations":{"50000000-0000-4000-8000-000000000001":"‹explanation›"}}`},
	{"CheckInPaper", "", "2020-02-05T13:00:00Z", `{"volume":"50000000-0000-4000-8000-000000000001","cabinet":"K-1"}`},
	{"DestroyPaper", dosA, "2020-02-06T13:00:00Z", `{"volume":"50000000-0000-4000-8000-000000000001","list":"50000000-0000-4000-8000-000000000009","method":"‹paper method›","witnessed_by":"` + carl + `"}`},
	{"AddRecord", dosA, "2020-03-01T09:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000004","category":"correspondence","title":"‹moved title›","source":"client"}`},
	{"RecordRepresentative", dosA, "2020-03-01T10:00:00Z", `{"representative":"40000000-0000-4000-8000-000000000001","kind":"mentor","name":"‹representative›","scope":["all","‹scope›"],"evidence":{"order":"‹representation›"},"from":"2020-03-01","until":"2025-03-01"}`},
	{"ReceiveRequest", dosA, "2020-03-02T10:00:00Z", `{"request":"41000000-0000-4000-8000-000000000001","kind":"rectification","by":"representative","representative":"40000000-0000-4000-8000-000000000001","channel":"letter","received_on":"2020-03-02","identity":"‹identity›","items":[{"record":"c0000000-0000-4000-8000-000000000001","wanted":"‹wanted›"},{"category":"contact","wanted":{"a":"‹wanted too›"}}],"reason":"incorrect"}`},
	{"DecideRequest", dosA, "2020-03-03T10:00:00Z", `{"request":"41000000-0000-4000-8000-000000000001","decision":"partly","items":[{"record":"c0000000-0000-4000-8000-000000000001","decision":"granted","reason":"‹item reason›"},{"category":"contact","decision":"refused","reason":"‹refusal›"}],"reason":"‹decision reason›","remedies":"‹remedies›","statute":"‹request statute›","answered_on":"2020-03-03"}`},
	{"FulfilRequest", dosA, "2020-03-04T10:00:00Z", `{"request":"41000000-0000-4000-8000-000000000001","fulfilled_on":"2020-03-04","method":"letter","fee":"0"}`},
	{"ReceiveRequest", dosA, "2020-03-04T11:00:00Z", `{"request":"41000000-0000-4000-8000-000000000002","kind":"access","by":"client","channel":"oral","received_on":"2020-03-04"}`},
	{"WithdrawRequest", dosA, "2020-03-05T10:00:00Z", `{"request":"41000000-0000-4000-8000-000000000002","withdrawn_on":"2020-03-05"}`},
	{"EndRepresentative", dosA, "2020-03-05T11:00:00Z", `{"representative":"40000000-0000-4000-8000-000000000001","reason":"‹representation ended›"}`},
	{"CompleteRecord", dosA, "2020-03-06T09:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000001","statement":"‹statement later›","by":"‹author later›"}`},
	{"NotifyRecipient", dosA, "2020-03-06T10:00:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000001","about":"completion","outcome":"impossible","reason":"‹impossible›"}`},
	{"NotifyClient", dosA, "2020-03-06T11:00:00Z", `{"about":"‹notice about›","ref":"T-1","text":"‹notice text›","method":"letter","notified_on":"2020-03-06"}`},
	{"RecordUnlawfulDisclosure", dosA, "2020-03-06T12:00:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000009","recipient":"b0000000-0000-4000-8000-000000000001","recipient_text":"‹wrong recipient›","categories":["contact"],"records":["c0000000-0000-4000-8000-000000000001"],"channel":"email","occurred_on":"2020-03-05","incident":"60000000-0000-4000-8000-000000000001"}`},
	{"MoveRecord", dosA, "2020-03-07T10:00:00Z", `{"record":"c0000000-0000-4000-8000-000000000004","to_dossier":"` + dosB + `","incident":"60000000-0000-4000-8000-000000000001"}`},
	{"GiveConsent", dosA, "2020-03-07T11:00:00Z", `{"consent":"e0000000-0000-4000-8000-000000000004","for":"view","categories":["plan","report"],"recipient":"b0000000-0000-4000-8000-000000000001","purpose":"guidance","explicit":true,"evidence":"‹view evidence›"}`},
	{"GrantThirdPartyView", dosA, "2020-03-07T12:00:00Z", `{"view":"42000000-0000-4000-8000-000000000001","recipient":"b0000000-0000-4000-8000-000000000001","viewer":"‹viewer›","records":["c0000000-0000-4000-8000-000000000001"],"purpose":"guidance","consent":"e0000000-0000-4000-8000-000000000004","until":"2020-06-01"}`},
	{"EndThirdPartyView", dosA, "2020-03-08T12:00:00Z", `{"view":"42000000-0000-4000-8000-000000000001"}`},
	{"FileComplaint", dosA, "2020-03-09T12:00:00Z", `{"complaint":"43000000-0000-4000-8000-000000000001","received_on":"2020-03-09","channel":"letter","text":"‹complaint›","about_staff":"` + eva + `","clause":"‹clause›"}`},
	{"ResolveComplaint", dosA, "2020-03-10T12:00:00Z", `{"complaint":"43000000-0000-4000-8000-000000000001","handler":"` + carl + `","answered_on":"2020-03-10","outcome":"‹complaint outcome›","remedies":"‹complaint remedies›"}`},
	{"TakeOverInvoice", dosA, "2020-03-11T12:00:00Z", `{"trajectory":"T-1","period":"2020-02","confirmed_by":"` + eva + `"}`},
	{"AttachDocument", dosA, "2020-03-12T12:00:00Z", `{"document":"44000000-0000-4000-8000-000000000001","record":"c0000000-0000-4000-8000-000000000002","name":"‹document name›","media_type":"application/pdf","content":"‹documented›"}`},
	{"AnswerQuestion", dosA, "2020-03-13T12:00:00Z", `{"question":"45000000-0000-4000-8000-000000000001","received_on":"2020-03-12","text":"‹question›","answer":"‹answer›","answered_on":"2020-03-13"}`},
	{"BreakGlass", dosA, "2020-03-14T12:00:00Z", `{"glass":"46000000-0000-4000-8000-000000000001","reason":"‹emergency›","minutes":30}`},
	{"ReviewBreakGlass", dosA, "2020-03-15T12:00:00Z", `{"glass":"46000000-0000-4000-8000-000000000001","finding":"not_justified","text":"‹glass finding›","incident":"60000000-0000-4000-8000-000000000001"}`},
	{"ConfirmDisclosure", dosA, "2020-03-16T12:00:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000001","answer":"denied"}`},
	{"ConfirmGrant", "", "2020-03-16T12:00:00Z", `{"grant":"70000000-0000-4000-8000-000000000001","staff":"` + eva + `","answer":"denied"}`},
	{"ConfirmAdoption", "", "2021-01-02T12:00:00Z", `{"adoption":"` + ids["AdoptPolicies"] + `","answer":"confirmed"}`},
	{"ReviewAccess", "", "2020-04-01T12:00:00Z", `{"review":"47000000-0000-4000-8000-000000000001","from":"2020-01-01","until":"2020-03-31","dossiers":["` + dosA + `","` + dosB + `"],"staff":["` + eva + `"],"sample":5,"findings":"‹review findings›","outcome":"irregular","incident":"60000000-0000-4000-8000-000000000001"}`},
	{"AdoptRegulation", "", "2021-01-03T00:00:00Z", `{"profile":"solutions-vpr","version":1,"effective_from":"2021-02-01"}`},
	{"RecordAccess", dosA, "2020-02-02T09:00:00Z", `{"action":"view","categories":["report"],"purpose":"guidance"}`},
}

// actors are who gives a command of the life where it is not the operator:
// nobody reviews his own look, and whoever is named as approving something answers
// for himself.
var actors = map[string]string{"BreakGlass": eva, "ConfirmDisclosure": carl, "ConfirmGrant": carl, "ConfirmAdoption": carl}

// ids are those of commands that others name.
var ids = map[string]string{"AdoptPolicies": "01000000-0000-4000-8000-000000000001"}

// byTheEngine are the commands that the engine alone gives.
var byTheEngine = []step{
	{"RaiseReminder", dosA, "", `{"kind":"recipient_notice","ref":"80000000-0000-4000-8000-000000000001","item":"contact","due":"2020-04-01","stage":"overdue"}`},
	{"RedateDossier", dosA, "", `{"reason":"new_regulation","profile":"solutions-vpr","version":1}`},
}

// refusedOnRecord are commands whose refusal is an event: that holds nothing of
// their texts either.
var refusedOnRecord = []step{
	{"Disclose", dosA, "2020-02-03T09:30:00Z", `{"disclosure":"80000000-0000-4000-8000-000000000003","recipient":"b0000000-0000-4000-8000-000000000002","recipient_person":"‹refused person›","address_used":"‹refused address›","categories":["medical"],"records":["c0000000-0000-4000-8000-000000000002"],"ground":"consent","evidence":{"consent":"‹refused consent›","document":"‹refused document›"},"purpose":"guidance","channel":"letter"}`},
}

// refusedHere are commands that the regulations at hand take in no form.
var refusedHere = []step{
	{"ExtendRequest", dosA, "2020-03-04T12:00:00Z", `{"request":"41000000-0000-4000-8000-000000000002","until":"2020-04-20","reason":"‹extension›","told_on":"2020-03-05"}`},
}

// clearWords are the words that may stand in a text field of a command and in
// the clear: closed codes, names of regulations, languages, and the numbers of
// trajectories and cabinets, which are pseudonyms (catalogue §1).
func clearWords() []string {
	words := slices.Concat(domain.Purposes, domain.RecipientClasses, domain.Methods, domain.Roles, domain.Sources, domain.Services,
		domain.Outcomes, domain.Activities, domain.RequestKinds, domain.AccessActions,
		domain.IncidentRisks, domain.RedateReasons, reminder.Kinds, reminder.Stages, dossier.GlassFindings, domain.ApprovalAnswers, review.Outcomes, regulation.RepresentativeKinds,
		[]string{"all", "client", "representative", "incorrect", "granted", "refused", "partly", "0", "completion", "impossible", "view", "2020-02", "application/pdf"},
		[]string{"click-2017", "solutions-vpr", "nl", "T-1", "K-1", "uwv", "current", "prospective", "self", "commissioned", "employee", "none",
			"responsible", "co", "processor", "record", "disclose"})
	for _, c := range domain.Categories {
		words = append(words, string(c))
	}
	for _, c := range domain.Classes {
		words = append(words, string(c))
	}
	for _, g := range domain.Grounds {
		words = append(words, string(g))
	}
	return words
}

// bare are the fields of commands that hold no marker, with the reason.
var bare = map[string]string{
	"AdoptPolicies.files.name": "the name of a file of rules",
	"AdoptPolicies.files.text": "policies are rules of the agency and name nobody; each decision is understood by their text, whole (C-2.1.4a)",
	"AdoptRegulation.document": "a regulation is what the agency tells everybody; it stands in the clear, whole (architecture §1.6)",
}

// hostile gives each command of the life again with something wrong: in turn
// each value replaced by a text, and each object with a field too many, whose
// name and value are the same marker.
func hostile(s step, marker string) (out []string) {
	var data any
	if err := json.Unmarshal([]byte(s.data), &data); err != nil {
		panic(err)
	}
	add := func() {
		b, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		out = append(out, string(b))
	}
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			v[marker] = marker
			add()
			delete(v, marker)
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], func(n any) { v[k] = n })
			}
		case []any:
			for i := range v {
				walk(v[i], func(n any) { v[i] = n })
			}
		}
		if set != nil && v != any("T-1") && v != any("K-1") { // numbers of trajectories and cabinets are pseudonyms
			for _, wrong := range []any{marker, map[string]any{marker: marker}, []any{marker}} {
				set(wrong)
				add()
			}
			set(v)
		}
	}
	walk(data, nil)
	return out
}

// specs are the commands by their names.
func specs() map[string]catalog.CommandSpec {
	m := map[string]catalog.CommandSpec{}
	for _, s := range catalog.Commands() {
		m[s.Name] = s
	}
	return m
}

# The life of Gerrit Rodermans at solutions, under solutions-vpr. Staff: iris
# coach, paul administration, wim compliance officer, hanna director, tom
# administrator. Everything is worked out by hand; the requirement that a row
# follows from stands behind it. What differs from click: two grounds alone, an
# explicit consent always, medical limits without consent, access fulfilled
# within 28 days, the cabinet closed each working day, two years and seven.

day 2025-01-06
09:00 tom EnrolStaff {staff: $iris, name: Iris Consulent, login: iris}
09:01 tom SignConfidentiality {staff: $iris, signed_on: 2025-01-06, reference: map 2}
09:02 tom GrantRole {staff: $iris, role: coach}
09:10 tom EnrolStaff {staff: $paul, name: Paul Kantoor, login: paul}
09:11 tom SignConfidentiality {staff: $paul, signed_on: 2025-01-06, reference: map 3}
09:12 tom GrantRole {staff: $paul, role: administration}
09:20 tom EnrolStaff {staff: $wim, name: Wim Toezicht, login: wim}
09:21 tom SignConfidentiality {staff: $wim, signed_on: 2025-01-06, reference: map 4}
09:22 tom GrantRole {staff: $wim, role: compliance_officer}
09:30 tom EnrolStaff {staff: $hanna, name: Hanna Directeur, login: hanna}
09:31 tom SignConfidentiality {staff: $hanna, signed_on: 2025-01-06, reference: map 5}
09:32 tom GrantRole {staff: $hanna, role: director}
10:00 tom RegisterRecipient {recipient: $uwv, name: UWV, class: commissioner, subtype: uwv, agreement: K-9}
10:01 tom RegisterRecipient {recipient: $staal, name: Staalbouw, class: employer, subtype: current}
10:02 tom RegisterRecipient {recipient: $loket, name: Subsidieloket, class: subsidy_provider, authorised_for_subsidies: true}
10:03 tom RegisterRecipient {recipient: $school, name: Vakschool, class: training}
recipients
  + recipient=$uwv class=commissioner subtype=uwv agreement=true secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:00
  + recipient=$staal class=employer subtype=current agreement=false secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:01
  + recipient=$loket class=subsidy_provider agreement=false secrecy=false authorised_for_subsidies=true registered_at=2025-01-06T10:02
  + recipient=$school class=training agreement=false secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:03
obligations
  + kind=impact_assessment since=2025-01-06                # L-35
  + kind=recipient_secrecy since=2025-01-06 ref=$school    # L-28: a training institute without agreement
# S-CBP, L-30: as at click, with 13 purposes and other terms (S-Bew1, S-Bew3).
activities
  + activity=solutions-vpr/1/guidance rule=S-Doel categories=22 special=4 recipients=commissioner,employer,other,partner,training retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/absence rule=S-Doel categories=22 special=4 recipients=commissioner,employer,other,partner retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y   # S-Alg: this service is theirs alone
  + activity=solutions-vpr/1/subsidy rule=S-Geg3 categories=2 recipients=subsidy_provider retention=dossier:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/invoicing rule=S-Bew3 categories=3 recipients=commissioner retention=dossier:P2Y,fiscal:P7Y
  + activity=solutions-vpr/1/management_information rule=S-CBP categories=1 retention=fiscal:P7Y
  + activity=solutions-vpr/1/rights_request rule=S-Inz categories=22 special=4 retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/complaint rule=S-Kla categories=22 special=4 retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/incident rule=L-33 categories=22 special=4 retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/audit rule=L-5   # it looks at the registers, which hold no content (catalogue §5)
  + activity=solutions-vpr/1/retention rule=S-Bew1 categories=22 special=4 retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y
  + activity=solutions-vpr/1/maintenance rule=S-Bev2
  + activity=solutions-vpr/1/index rule=S-Bev2 categories=2 special=1 retention=dossier:P2Y
  + activity=solutions-vpr/1/research rule=L-5 categories=22 special=4 recipients=other retention=dossier:P2Y,fiscal:P7Y,medical:P2Y,subsidy:P2Y

day 2025-01-15
# Referred by UWV, which had sent the form two days before.
08:30 hanna AdoptRegulation {profile: solutions-vpr, version: 1, effective_from: 2025-01-06, impact_assessed_on: 2025-01-13}
  warn limits_without_consent ...
09:00 paul OpenDossier $file {client: {family_name: Rodermans, given_names: Gerrit, bsn: "123456782"}, service: reintegration, referral: self, standing: none}
  ! 422 bsn_statute_missing L-U46
09:05 paul OpenDossier $file {client: {family_name: Rodermans, given_names: Gerrit, birth_date: 1968-02-29, bsn: "123456782", address: Havenweg 3},
    service: reintegration, referral: commissioned, commissioner: $uwv, standing: employee}
09:10 paul HandOutRegulation $file {version: 1, language: nl, method: in_person, acknowledged: true}
09:20 tom AssignStaff $file {staff: $iris, capacity: responsible}
09:30 iris AddRecord $file {record: $aanmelding, category: referral, title: Aanmelding, source: commissioner, obtained_on: 2025-01-13, provided_by: UWV}
09:40 iris AddRecord $click.file {record: $vreemd, category: report, title: Vreemd, source: staff_report}
  ! 403 not_assigned S-Toe1
09:45 iris AddRecord $click.file agency=click {record: $vreemd, category: report, title: Vreemd, source: staff_report}
  ! 404 unknown_agency C-2.8
access                                    # both attempts are on record, without the id of another agency's dossier (C-2.8, C-2.1.4b)
  + action=change actor=$iris occurred_at=2025-01-15T09:40 outcome=denied code=not_assigned rule=S-Toe1
  + action=change actor=$iris occurred_at=2025-01-15T09:45 outcome=denied code=unknown_agency rule=C-2.8
dossiers
  + dossier=$file status=open assigned=$iris records={referral:1} last_event_at=2025-01-15T09:30
deadlines
  + dossier=$file kind=handout ref=$file started=2025-01-15 due=2025-01-15 status=met                  # L-13: on the day of opening
  + dossier=$file kind=indirect_notice ref=$aanmelding started=2025-01-13 due=2025-02-10 status=open   # L-14: 28 days after it was obtained; the hand-out named no source
obligations
  - kind=impact_assessment
  + dossier=$file kind=indirect_notice since=2025-01-13 ref=$aanmelding
notices
  + dossier=$file to=client kind=indirect_notice ref=$aanmelding source=commissioner categories=referral since=2025-01-13 due=2025-02-10 state=pending
retention
  + dossier=$file class=dossier profile=solutions-vpr status=undetermined missing=trajectory
  + dossier=$file class=fiscal profile=solutions-vpr status=undetermined missing=trajectory
  + dossier=$file class=medical profile=solutions-vpr status=undetermined missing=trajectory
  + dossier=$file class=subsidy profile=solutions-vpr status=undetermined missing=trajectory

day 2025-01-22
# The intake: medical limits without consent, since he is an employee and UWV
# commissioned it (S-Geg2, UAVG 30). He refuses that his plan goes out, and
# necessity for the guidance is no ground here.
09:00 paul StartTrajectory $file {trajectory: S-25-001, agreement_until: 2025-12-31}
10:00 iris LogHours $file {entry: $u1, trajectory: S-25-001, date: 2025-01-22, minutes: 90, activity: conversation}
10:05 iris AddRecord $file {record: $beperking, category: medical, title: Beperkingen, text: Knie., source: client, necessity: passend werk}
10:10 iris AddRecord $file {record: $fml, category: capacity, title: Belastbaarheid, text: Staan tot een uur., source: staff_report}
  warn necessity_missing
10:20 iris AddRecord $file {record: $plan, category: plan, title: Plan, text: Terug naar werk., source: staff_report, trajectory: S-25-001}
10:30 iris RefuseConsent $file {consent: $nee, received_on: 2025-01-22, channel: in_person}
10:40 iris Disclose $file {disclosure: $v_x1, recipient: $uwv, recipient_person: mevrouw Vos, address_used: postbus 2, categories: [plan], records: [$plan],
    ground: guidance, evidence: {necessity: de opdracht}, purpose: guidance, channel: secure_mail}
  ! 422 ground_not_allowed S-Der
10:45 iris Disclose $file {disclosure: $v_x2, recipient: $uwv, recipient_person: mevrouw Vos, address_used: postbus 2, categories: [plan], records: [$plan],
    ground: consent, evidence: {consent: $nee}, purpose: guidance, channel: secure_mail}
  ! 422 consent_refused S-Der
dossiers
  ~ dossier=$file : trajectories={started:2025-01-22,trajectory:S-25-001} records={capacity:1,medical:1,plan:1,referral:1} last_event_at=2025-01-22T10:45
hours
  + dossier=$file entry=$u1 trajectory=S-25-001 date=2025-01-22 minutes=90 activity=conversation actor=$iris
deadlines
  ~ kind=indirect_notice : due=2025-01-22                      # L-14: at the first contact
notices
  ~ ref=$aanmelding : due=2025-01-22
retention
  ~ status=undetermined : missing=trajectory_end

day 2025-01-23
deadlines
  ~ kind=indirect_notice : status=overdue                      # it was an obligation already, since 13 January

day 2025-01-27
10:00 iris NotifyClient $file {about: indirect_notice, text: UWV gaf ons uw aanmelding, method: letter, notified_on: 2025-01-27}
dossiers
  ~ dossier=$file : last_event_at=2025-01-27T10:00
deadlines
  ~ kind=indirect_notice : status=met_late
obligations
  - kind=indirect_notice
notices
  ~ ref=$aanmelding : state=sent method=letter notified_on=2025-01-27

day 2025-02-05
# He consents after all; only an explicit consent counts, for what it says. The
# regulation is silent about the telephone.
10:00 iris GiveConsent $file {consent: $half, for: disclose, categories: [plan], recipient: $uwv, purpose: guidance, explicit: false, evidence: mondeling}
10:05 iris Disclose $file {disclosure: $v_x3, recipient: $uwv, recipient_person: mevrouw Vos, address_used: postbus 2, categories: [plan], records: [$plan],
    ground: consent, evidence: {consent: $half}, purpose: guidance, channel: secure_mail}
  ! 422 consent_not_explicit S-Der
10:10 iris GiveConsent $file {consent: $heel, for: disclose, categories: [plan], recipient: $uwv, purpose: guidance, explicit: true, evidence: handtekening}
10:15 iris Disclose $file {disclosure: $v_plan, recipient: $uwv, recipient_person: mevrouw Vos, address_used: postbus 2, categories: [plan], records: [$plan],
    ground: consent, evidence: {consent: $heel}, purpose: guidance, channel: secure_mail}
10:20 iris GiveConsent $file {consent: $wg_ja, for: disclose, categories: [capacity, medical], recipient: $staal, purpose: guidance, explicit: true, evidence: handtekening}
10:25 iris Disclose $file {disclosure: $v_x4, recipient: $staal, recipient_person: de heer Bos, address_used: Kade 1, categories: [medical], records: [$beperking],
    ground: consent, evidence: {consent: $wg_ja}, purpose: guidance, channel: letter}
  ! 422 never_to_recipient L-9
10:30 iris Disclose $file {disclosure: $v_staal, recipient: $staal, recipient_person: de heer Bos, address_used: "0570", categories: [capacity], records: [$fml],
    ground: consent, evidence: {consent: $wg_ja}, purpose: guidance, channel: telephone}
10:35 iris Disclose $file {disclosure: $v_x5, recipient: $staal, recipient_person: de heer Bos, address_used: Kade 1, categories: [plan], records: [$plan],
    ground: consent, evidence: {consent: $wg_ja}, purpose: guidance, channel: letter}
  ! 422 consent_categories S-Der
10:40 iris Disclose $file {disclosure: $v_x6, recipient: $staal, recipient_person: de heer Bos, address_used: Kade 1, categories: [contact],
    ground: contact_details, evidence: {interest: kennismaking}, purpose: guidance, channel: letter}
  ! 422 ground_not_allowed S-Der
disclosures
  + dossier=$file disclosure=$v_plan occurred_at=2025-02-05T10:15 recipient=$uwv recipient_class=commissioner categories=plan records=$plan ground=consent purpose=guidance channel=secure_mail actor=$iris consent=$heel profile=solutions-vpr unlawful=false notices_pending=0
  + dossier=$file disclosure=$v_staal occurred_at=2025-02-05T10:30 recipient=$staal recipient_class=employer categories=capacity records=$fml ground=consent purpose=guidance channel=telephone actor=$iris consent=$wg_ja profile=solutions-vpr unlawful=false notices_pending=0
dossiers
  ~ dossier=$file : last_event_at=2025-02-05T10:40

day 2025-02-12
10:00 iris AddRecord $file {record: $aanvraag, category: subsidy, title: Proefplaatsing, source: client}
10:05 iris GiveConsent $file {consent: $sub_ja, for: disclose, categories: [contact, subsidy], recipient: $loket, purpose: subsidy, explicit: true, evidence: handtekening}
10:10 iris Disclose $file {disclosure: $v_x7, recipient: $loket, recipient_person: loket, address_used: portaal, categories: [subsidy], records: [$aanvraag],
    ground: consent, evidence: {consent: $sub_ja}, purpose: guidance, channel: portal}
  ! 422 consent_purpose S-Der
10:15 iris Disclose $file {disclosure: $v_subsidie, recipient: $loket, recipient_person: loket, address_used: portaal, categories: [contact, subsidy], records: [$aanvraag],
    ground: consent, evidence: {consent: $sub_ja}, purpose: subsidy, channel: portal}
disclosures
  + dossier=$file disclosure=$v_subsidie occurred_at=2025-02-12T10:15 recipient=$loket recipient_class=subsidy_provider categories=contact,subsidy records=$aanvraag ground=consent purpose=subsidy channel=portal actor=$iris consent=$sub_ja profile=solutions-vpr unlawful=false notices_pending=0
dossiers
  ~ dossier=$file : records={capacity:1,medical:1,plan:1,referral:1,subsidy:1} last_event_at=2025-02-12T10:15

day 2025-02-17
# His curator asks for access by word of mouth: the regulation asks for writing,
# the law takes any form (L-12).
10:00 iris RecordRepresentative $file {representative: $curator, kind: curator, name: Mr. Post, scope: [all], evidence: beschikking, from: 2025-01-01}
10:05 paul ReceiveRequest $file {request: $inzage, kind: access, by: representative, representative: $curator, channel: oral, received_on: 2025-02-17}
dossiers
  ~ dossier=$file : last_event_at=2025-02-17T10:05
requests
  + dossier=$file request=$inzage kind=access by=representative representative=$curator channel=oral received_on=2025-02-17 due=2025-03-17 number=1 items=0 state=open
deadlines
  + dossier=$file kind=request ref=$inzage started=2025-02-17 due=2025-03-17 status=open   # S-Inz: fulfilled in 28 days

day 2025-03-10
10:00 wim ExtendRequest $file {request: $inzage, until: 2025-05-17, reason: druk, told_on: 2025-03-10}
  ! 422 extension_not_allowed S-Inz
10:05 wim DecideRequest $file {request: $inzage, decision: granted, answered_on: 2025-03-10}
dossiers
  ~ dossier=$file : last_event_at=2025-03-10T10:05
requests                                                       # answered, which does not meet S-Inz: the deadline stays open
  ~ request=$inzage : decision=granted decided_on=2025-03-10 answered_on=2025-03-10 state=decided

day 2025-03-18
deadlines
  ~ ref=$inzage : status=overdue
obligations
  + dossier=$file kind=request_overdue since=2025-03-18 ref=$inzage   # S-Inz: the day after 17 March

day 2025-03-20
10:00 wim FulfilRequest $file {request: $inzage, fulfilled_on: 2025-03-20, method: letter, fee: "€ 5"}
  ! 422 fee_not_allowed S-Inz
10:05 wim FulfilRequest $file {request: $inzage, fulfilled_on: 2025-03-20, method: letter}
dossiers
  ~ dossier=$file : last_event_at=2025-03-20T10:05
requests
  ~ request=$inzage : fulfilled_on=2025-03-20 state=fulfilled
deadlines
  ~ ref=$inzage : status=met_late
obligations
  - kind=request_overdue

day 2025-03-24
# His address was wrong: the subsidy provider alone received contact details.
10:00 wim ReceiveRequest $file {request: $adres, kind: rectification, by: client, channel: letter, received_on: 2025-03-24, items: [{category: contact, wanted: huisnummer 5}]}
10:05 wim DecideRequest $file {request: $adres, decision: granted, answered_on: 2025-03-24}
10:10 iris ChangeClient $file {fields: {address: Havenweg 5}, valid_from: 2025-01-15, source: client, correction: true}
10:15 wim FulfilRequest $file {request: $adres, fulfilled_on: 2025-03-24, method: letter}
dossiers
  ~ dossier=$file : last_event_at=2025-03-24T10:15
requests
  + dossier=$file request=$adres kind=rectification by=client channel=letter received_on=2025-03-24 due=2025-04-21 number=1 items=1 decision=granted decided_on=2025-03-24 answered_on=2025-03-24 fulfilled_on=2025-03-24 state=fulfilled
disclosures
  ~ disclosure=$v_subsidie : notices_pending=1
deadlines
  + dossier=$file kind=request ref=$adres started=2025-03-24 due=2025-04-21 status=met
  + dossier=$file kind=recipient_notice ref=$v_subsidie started=2025-03-24 due=2025-04-21 status=open   # L-19
obligations
  + dossier=$file kind=recipient_notice since=2025-03-24 ref=$v_subsidie
notices
  + dossier=$file to=recipient kind=recipient_notice ref=$v_subsidie recipient=$loket item=contact act=rectification since=2025-03-24 due=2025-04-21 state=pending

day 2025-03-26
10:00 iris NotifyRecipient $file {disclosure: $v_plan, about: contact, outcome: sent}
  ! 422 not_disclosed L-19
10:05 iris NotifyRecipient $file {disclosure: $v_subsidie, about: contact, outcome: impossible, reason: het loket bestaat niet meer}
dossiers
  ~ dossier=$file : last_event_at=2025-03-26T10:05
disclosures
  ~ disclosure=$v_subsidie : notices_pending=0
deadlines
  ~ kind=recipient_notice : status=met                         # L-19: given up with its reason
obligations
  - kind=recipient_notice
notices
  ~ kind=recipient_notice : state=impossible notified_on=2025-03-26

day 2025-04-02
# He asks that the medical limits are erased; a refusal says why and where to go.
10:00 wim ReceiveRequest $file {request: $wissen, kind: erasure, by: client, channel: letter, received_on: 2025-04-02, items: [{record: $beperking}]}
10:05 wim DecideRequest $file {request: $wissen, decision: refused, statute: WIA 25, remedies: de AP en de rechter}
  ! 422 reason_missing C-2.9.3
10:10 wim DecideRequest $file {request: $wissen, decision: refused, statute: WIA 25, reason: nodig voor de re-integratie}
  ! 422 remedies_missing C-2.9.3
10:15 wim DecideRequest $file {request: $wissen, decision: refused, statute: WIA 25, reason: nodig voor de re-integratie, remedies: de AP en de rechter}
10:20 wim FulfilRequest $file {request: $wissen, fulfilled_on: 2025-04-02, method: letter}
  ! 422 request_refused S-Bew2
dossiers
  ~ dossier=$file : last_event_at=2025-04-02T10:15
requests
  + dossier=$file request=$wissen kind=erasure by=client channel=letter received_on=2025-04-02 due=2025-04-30 number=1 items=1 decision=refused decided_on=2025-04-02 answered_on=2025-04-02 state=refused
deadlines
  + dossier=$file kind=request ref=$wissen started=2025-04-02 due=2025-04-30 status=met   # catalogue §3: a refusal is met by its decision

day 2025-04-14
# On Friday an e-mail with his address went to the employer; found on Monday and
# judged to be no risk, with the reason, within 72 hours.
09:00 iris RecordUnlawfulDisclosure $file at=2025-04-11T16:00:00+02:00 {disclosure: $v_fout, recipient: $staal, categories: [contact], channel: email, occurred_on: 2025-04-11, incident: $lek}
09:30 wim ReportIncident {incident: $lek, discovered_at: "2025-04-14T08:45:00+02:00", kind: wrong_recipient, dossiers: [$file], categories: [contact], people: 1}
09:35 wim AssessIncident {incident: $lek, risk: low, notify_authority: false, notify_clients: false, reason: de werkgever kent het adres}
09:40 wim CloseIncident {incident: $lek, closed_on: 2025-04-14, outcome: gewist}
dossiers
  ~ dossier=$file : last_event_at=2025-04-11T16:00
disclosures
  + dossier=$file disclosure=$v_fout occurred_at=2025-04-11T16:00 recipient=$staal recipient_class=employer categories=contact channel=email actor=$iris profile=solutions-vpr unlawful=true notices_pending=0
incidents
  + incident=$lek kind=wrong_recipient reported_at=2025-04-14T09:30 discovered_at=2025-04-14T08:45 notify_by=2025-04-17T08:45 dossiers=$file categories=contact people=1 state=closed risk=low notify_authority=false notify_clients=false assessed_at=2025-04-14T09:35 closed_on=2025-04-14
deadlines
  + dossier=$file kind=breach ref=$lek started=2025-04-14T06:45:00Z due=2025-04-17T06:45:00Z status=met   # L-33: a reasoned "no risk" meets it
obligations
  + kind=access_review since=2025-04-09   # C-2.1.4b: 92 days went by since the agency began

day 2025-04-22
10:00 wim FileComplaint $file {complaint: $klacht, received_on: 2025-04-22, channel: email, text: te traag, clause: S-Inz}
11:00 wim ReviewAccess {review: $kwartaal, from: 2025-01-06, until: 2025-04-23, sample: 12, findings: alles klopt, outcome: in_order}
  ! 422 in_future C-2.1.4b
11:05 wim ReviewAccess {review: $kwartaal, from: 2025-01-06, until: 2025-04-21, sample: 12, findings: alles klopt, outcome: in_order}
reviews
  + kind=access review=$kwartaal from=2025-01-06 until=2025-04-21 sample=12 outcome=in_order state=done reviewed_at=2025-04-22T11:05 actor=$wim   # C-2.1.4b: the review itself is on record
obligations
  - kind=access_review
dossiers
  ~ dossier=$file : last_event_at=2025-04-22T10:00
complaints
  + dossier=$file complaint=$klacht received_on=2025-04-22 due=2025-06-03 channel=email clause=S-Inz state=open
deadlines
  + dossier=$file kind=complaint ref=$klacht started=2025-04-22 due=2025-06-03 status=open   # S-Kla: 42 days

day 2025-05-13
# The complaint is answered in time; paper comes into use.
10:00 hanna ResolveComplaint $file {complaint: $klacht, handler: $hanna, answered_on: 2025-05-13, outcome: upheld}
  ! 422 remedies_missing S-Kla
10:05 hanna ResolveComplaint $file {complaint: $klacht, handler: $hanna, answered_on: 2025-05-13, outcome: upheld, remedies: de AP en de rechter}
11:00 paul RegisterVolume $file {volume: $map, cabinet: A}
17:30 paul AttestCabinets {date: 2025-05-13, cabinet: A}
dossiers
  ~ dossier=$file : last_event_at=2025-05-13T10:05
complaints
  ~ complaint=$klacht : state=resolved handler=$hanna answered_on=2025-05-13 outcome=upheld
paper
  + dossier=$file volume=$map cabinet=A registered_at=2025-05-13T11:00 state=in times_out=0 attested_on=2025-05-13
deadlines
  ~ ref=$klacht : status=met
  + kind=paper ref=A started=2025-05-13 due=2025-05-13 status=met   # S-Bev1: closed each working day

day 2025-05-14
10:00 paul CheckOutPaper $file {volume: $map, purpose: guidance}
17:30 paul AttestCabinets {date: 2025-05-14, cabinet: A}
  ! 422 volume_out S-Bev1
17:31 paul AttestCabinets {date: 2025-05-14, cabinet: A, explanations: {$map: mee naar het UWV}}
paper
  ~ volume=$map : state=out out_since=2025-05-14T10:00 holder=$paul purpose=guidance times_out=1 attested_on=2025-05-14
deadlines
  ~ ref=A : started=2025-05-14 due=2025-05-14                       # days that were attested in time are left out
  + dossier=$file kind=paper ref=$map started=2025-05-14 due=2025-05-15 status=open   # S-Bev1: explained, so until the next working day

day 2025-05-15
# Back; it has been scanned, and the paper is destroyed with a witness.
10:00 paul CheckInPaper $file {volume: $map}
11:00 paul DestroyPaper $file {volume: $map, method: shredded, witnessed_by: $paul}
  ! 422 witness_is_actor C-2.5c
11:05 paul DestroyPaper $file {volume: $map, method: shredded, witnessed_by: $wim}
paper
  ~ volume=$map : state=destroyed -out_since -holder -purpose destroyed_at=2025-05-15T11:05 method=shredded witnessed_by=$wim
deadlines
  - ref=A                                                           # no volume stands in the cabinet
  ~ ref=$map : status=met

day 2025-05-30
# The end: two years for all but the administration, seven after this year for that.
10:00 paul EndTrajectory $file {trajectory: S-25-001, ended_on: 2025-05-30, outcome: no_result}
dossiers
  ~ dossier=$file : status=guidance_ended trajectories={ended:2025-05-30,started:2025-01-22,trajectory:S-25-001} last_event_at=2025-05-30T10:00
retention                                                           # S-Bew1, S-Bew3: the agreement's end does not count here
  ~ class=dossier : -missing starts=2025-05-30 term=P2Y due=2027-05-30 status=running
  ~ class=medical : -missing starts=2025-05-30 term=P2Y due=2027-05-30 status=running
  ~ class=subsidy : -missing starts=2025-05-30 term=P2Y due=2027-05-30 status=running
  ~ class=fiscal : -missing starts=2025-12-31 term=P7Y due=2032-12-31 status=running

day 2025-07-25
# The 56th day after the end.
obligations
  + kind=access_review since=2025-07-24   # C-2.1.4b: the 93rd day after the last review

day 2025-07-26
dossiers                                                            # C-0g
  ~ dossier=$file : -assigned last_event_at=2025-07-26T07:00

day 2027-05-30
# The last day of the two years.

day 2027-05-31
retention
  ~ due=2027-05-30 : status=due
deadlines                                                           # C-2.5f: 30 May and 30 days
  + dossier=$file kind=destruction ref=dossier started=2027-05-30 due=2027-06-29 status=open
  + dossier=$file kind=destruction ref=medical started=2027-05-30 due=2027-06-29 status=open
  + dossier=$file kind=destruction ref=subsidy started=2027-05-30 due=2027-06-29 status=open

day 2027-06-01
10:00 wim PlaceHold $file {hold: $stop, classes: [dossier], reason: geschil, review_on: 2027-07-01}
dossiers
  ~ dossier=$file : last_event_at=2027-06-01T10:00
retention
  ~ class=dossier : status=held holds=$stop                         # requirements §5: the date stays, the act is blocked
deadlines
  - kind=destruction ref=dossier

day 2027-07-01
deadlines
  ~ kind=destruction : status=overdue
obligations
  + dossier=$file kind=destruction_overdue since=2027-06-30 ref=medical   # C-2.5f: the day after 29 June
  + dossier=$file kind=destruction_overdue since=2027-06-30 ref=subsidy

day 2027-07-05
10:00 wim LiftHold $file {hold: $stop, reason: bijgelegd}
dossiers
  ~ dossier=$file : last_event_at=2027-07-05T10:00
retention
  ~ class=dossier : status=due -holds
deadlines
  + dossier=$file kind=destruction ref=dossier started=2027-05-30 due=2027-06-29 status=overdue
obligations
  + dossier=$file kind=destruction_overdue since=2027-06-30 ref=dossier

day 2032-12-31
# The last day of the seven years after 31 December 2025.

day 2033-01-01
retention
  ~ class=fiscal : status=due
deadlines
  + dossier=$file kind=destruction ref=fiscal started=2032-12-31 due=2033-01-30 status=open

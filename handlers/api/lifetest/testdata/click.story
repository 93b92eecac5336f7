# The life of Marijke Wissema at click, under click-2017 of 19 January 2017.
# Staff: eva coach, ada administration, cor compliance officer, dora director,
# adm administrator. Everything is worked out by hand; the requirement that a row
# follows from stands behind it.

day 2025-01-06
# Who works here is bound to secrecy first; data go to registered recipients alone.
09:00 adm EnrolStaff {staff: $eva, name: Eva Coach, login: eva}
09:01 adm GrantRole {staff: $eva, role: coach}
  ! 422 no_confidentiality C-2.1.5
09:02 adm SignConfidentiality {staff: $eva, signed_on: 2025-01-06, reference: map 2}
09:03 adm GrantRole {staff: $eva, role: coach}
09:10 adm EnrolStaff {staff: $ada, name: Ada Kantoor, login: ada}
09:11 adm SignConfidentiality {staff: $ada, signed_on: 2025-01-06, reference: map 3}
09:12 adm GrantRole {staff: $ada, role: administration}
09:20 adm EnrolStaff {staff: $cor, name: Cor Toezicht, login: cor}
09:21 adm SignConfidentiality {staff: $cor, signed_on: 2025-01-06, reference: map 4}
09:22 adm GrantRole {staff: $cor, role: compliance_officer}
09:30 adm EnrolStaff {staff: $dora, name: Dora Directeur, login: dora}
09:31 adm SignConfidentiality {staff: $dora, signed_on: 2025-01-06, reference: map 5}
09:32 adm GrantRole {staff: $dora, role: director}
09:33 adm GrantRole {staff: $adm, role: director}
  ! 422 grant_to_self C-2.7e
10:00 adm RegisterRecipient {recipient: $uwv, name: UWV, class: commissioner, subtype: uwv}
  ! 422 agreement_missing C-2.6.3
10:01 adm RegisterRecipient {recipient: $uwv, name: UWV, class: commissioner, subtype: uwv, agreement: RO-2025-17, agreement_until: 2025-12-31}
10:02 adm RegisterRecipient {recipient: $werkvloer, name: Werkvloer, class: partner}
10:03 adm RegisterRecipient {recipient: $bakker, name: Bakkerij Smit, class: employer, subtype: prospective}
10:04 adm RegisterRecipient {recipient: $loket, name: Subsidieloket, class: subsidy_provider, authorised_for_subsidies: true}
10:05 adm RegisterRecipient {recipient: $gemeente, name: Gemeente, class: subsidy_provider}
recipients
  + recipient=$uwv class=commissioner subtype=uwv agreement=true agreement_until=2025-12-31 secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:01
  + recipient=$werkvloer class=partner agreement=false secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:02
  + recipient=$bakker class=employer subtype=prospective agreement=false secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:03
  + recipient=$loket class=subsidy_provider agreement=false secrecy=false authorised_for_subsidies=true registered_at=2025-01-06T10:04
  + recipient=$gemeente class=subsidy_provider agreement=false secrecy=false authorised_for_subsidies=false registered_at=2025-01-06T10:05
access
  + action=change actor=$adm occurred_at=2025-01-06T09:33 outcome=denied code=grant_to_self rule=C-2.7e   # an attempt to give oneself rights is on record (C-2.7e, C-2.1.4b)
obligations
  + kind=impact_assessment since=2025-01-06                # L-35: none on file, since the regulation took effect
  + kind=recipient_secrecy since=2025-01-06 ref=$werkvloer # C-2.6.2: a partner without agreement, since its registration; no employer or provider of subsidies is asked
# S-CBP, L-30: one activity for each purpose of the regulation, with its article,
# how many of the 22 categories it needs (C-3) and how many of them are special
# (medical, disability, capacity, BSN), the classes that may receive, and how long
# its data are kept (C-2.5b: ten years).
activities
  + activity=click-2017/1/guidance rule=C-2.2 categories=22 special=4 recipients=commissioner,employer,other,partner,training retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y
  + activity=click-2017/1/subsidy rule=C-2.2 categories=2 recipients=subsidy_provider retention=dossier:P10Y,subsidy:P10Y   # contact and subsidy
  + activity=click-2017/1/invoicing rule=C-1.2e categories=3 recipients=commissioner retention=dossier:P10Y,fiscal:P10Y   # name, bank and hours
  + activity=click-2017/1/management_information rule=C-1.2d categories=1 retention=fiscal:P10Y   # sums of hours
  + activity=click-2017/1/rights_request rule=C-2.9.1 categories=22 special=4 retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y
  + activity=click-2017/1/complaint rule=C-2.1.3 categories=22 special=4 retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y
  + activity=click-2017/1/incident rule=C-2.1.2 categories=22 special=4 retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y
  + activity=click-2017/1/audit rule=C-2.1.4b   # it looks at the registers, which hold no content (catalogue §5)
  + activity=click-2017/1/retention rule=C-2.5a categories=22 special=4 retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y
  + activity=click-2017/1/maintenance rule=C-2.7f   # no data of clients
  + activity=click-2017/1/index rule=C-1.2c categories=2 special=1 retention=dossier:P10Y   # L-U46: name and BSN
  + activity=click-2017/1/research rule=C-2.6.6 categories=22 special=4 recipients=other retention=dossier:P10Y,fiscal:P10Y,medical:P10Y,subsidy:P10Y

day 2025-01-14
# Referred by UWV.
08:30 dora AdoptRegulation {profile: click-2017, version: 1, effective_from: 2025-01-06, impact_assessed_on: 2025-01-10}
  warn retention_without_basis statutory_term ...
09:00 ada OpenDossier $file {client: {family_name: Wissema, given_names: Marijke, bsn: "111222334"}, service: reintegration, referral: commissioned, commissioner: $uwv, standing: benefit}
  ! 400 bsn_invalid L-U46
09:01 ada OpenDossier $file {client: {family_name: Wissema, given_names: Marijke, bsn: "111222333"}, service: reintegration, referral: commissioned, standing: benefit}
  ! 422 commissioner_missing C-1.1a
09:02 ada OpenDossier $file {client: {family_name: Wissema, given_names: Marijke, birth_date: 1979-05-02, bsn: "111222333", address: Dorpsstraat 1},
    service: reintegration, referral: commissioned, commissioner: $uwv, standing: benefit}
09:30 adm AssignStaff $file {staff: $cor}
  ! 422 no_dossier_role C-0d
09:31 adm AssignStaff $file {staff: $eva, capacity: responsible}
10:00 eva AddRecord $file {record: $aanmelding, category: referral, title: Aanmelding, source: commissioner, obtained_on: 2025-01-14, provided_by: UWV}
dossiers
  + dossier=$file status=open assigned=$eva records={referral:1} last_event_at=2025-01-14T10:00
deadlines
  + dossier=$file kind=handout ref=$file started=2025-01-14 due=2025-01-14 status=open                 # C-I4: on the day of opening
  + dossier=$file kind=indirect_notice ref=$aanmelding started=2025-01-14 due=2025-02-11 status=open   # C-I3, L-14: 28 days after it was obtained
obligations
  - kind=impact_assessment                                                   # L-35: it is on file now
  + dossier=$file kind=indirect_notice since=2025-01-14 ref=$aanmelding      # C-I3; the hand-out is none before a trajectory starts (C-I4)
notices
  + dossier=$file to=client kind=indirect_notice ref=$aanmelding source=commissioner categories=referral since=2025-01-14 due=2025-02-11 state=pending
retention                                                                    # C-2.5b: no trajectory, so no start
  + dossier=$file class=dossier profile=click-2017 status=undetermined missing=trajectory
  + dossier=$file class=fiscal profile=click-2017 status=undetermined missing=trajectory
  + dossier=$file class=medical profile=click-2017 status=undetermined missing=trajectory
  + dossier=$file class=subsidy profile=click-2017 status=undetermined missing=trajectory

day 2025-01-16
# The intake. She refuses that medical data are recorded; what the coach judges is his.
09:00 ada StartTrajectory $file {trajectory: R-2025-0017, agreement_until: 2025-06-30, order_number: "4711", budget_minutes: 2460}
10:00 eva LogHours $file {entry: $u1, trajectory: R-2025-0017, date: 2025-01-16, minutes: 75, activity: conversation, note: Intake}
10:05 eva RefuseConsent $file {consent: $nee, received_on: 2025-01-16, channel: in_person}
10:10 eva AddRecord $file {record: $arts, category: medical, title: Brief, text: Hernia., source: client, necessity: passend werk}
  ! 422 consent_to_record_missing C-3.6
10:15 eva AddRecord $file {record: $intake, category: report, title: Intake, text: Gemotiveerd., source: staff_report, judgement: true, trajectory: R-2025-0017}
16:00 ada HandOutRegulation $file {version: 2, language: nl, method: in_person}
  ! 422 unknown_version C-I4
16:01 ada HandOutRegulation $file {version: 1, language: nl, method: in_person, acknowledged: true, sources: [commissioner]}
dossiers
  ~ dossier=$file : trajectories={started:2025-01-16,trajectory:R-2025-0017} records={referral:1,report:1} last_event_at=2025-01-16T16:01
hours
  + dossier=$file entry=$u1 trajectory=R-2025-0017 date=2025-01-16 minutes=75 activity=conversation actor=$eva   # C-0b
deadlines
  ~ kind=handout : status=met_late                             # C-I4: two days after the opening
  ~ kind=indirect_notice : due=2025-01-16 status=met           # L-14: due at the first contact; met by the hand-out that names the source
obligations
  - kind=indirect_notice
notices
  ~ ref=$aanmelding : due=2025-01-16 state=sent method=in_person notified_on=2025-01-16
retention
  ~ status=undetermined : missing=trajectory_end               # C-2.5b

day 2025-01-20
# She consents after all. The plan goes to UWV; medical data do not, nor anything by telephone.
10:00 eva GiveConsent $file {consent: $ja, for: record, categories: [medical], purpose: guidance, explicit: true, evidence: handtekening}
10:05 eva AddRecord $file {record: $arts, category: medical, title: Brief, text: Hernia., source: client, necessity: passend werk}
10:10 eva AddRecord $file {record: $fml, category: capacity, title: Belastbaarheid, text: Tillen tot vijf kilo., source: staff_report, necessity: passend werk}
10:20 eva AddRecord $file {record: $plan, category: plan, title: Trajectplan, text: Naar werk., source: staff_report, trajectory: R-2025-0017}
10:30 eva LogHours $file {entry: $u2, trajectory: R-2025-0017, date: 2025-01-20, minutes: 60, activity: conversation}
11:00 eva Disclose $file {disclosure: $v_plan, recipient: $uwv, recipient_person: de heer Kramer, address_used: postbus 1, categories: [plan], records: [$plan],
    ground: guidance, evidence: {necessity: de opdracht}, purpose: guidance, channel: secure_mail}
11:05 eva Disclose $file {disclosure: $v_x1, recipient: $uwv, recipient_person: de heer Kramer, address_used: postbus 1, categories: [medical], records: [$arts],
    ground: guidance, evidence: {necessity: de opdracht}, purpose: guidance, channel: secure_mail}
  ! 422 category_not_for_recipient C-2.6.3
11:10 eva Disclose $file {disclosure: $v_x2, recipient: $uwv, recipient_person: de heer Kramer, address_used: "030", categories: [plan], records: [$plan],
    ground: guidance, evidence: {necessity: de opdracht}, purpose: guidance, channel: telephone}
  ! 422 channel_not_allowed C-2.7c
11:15 eva Disclose $file {disclosure: $v_x3, recipient: $niemand, recipient_person: onbekend, address_used: onbekend, categories: [plan], records: [$plan],
    ground: guidance, evidence: {necessity: de opdracht}, purpose: guidance, channel: letter}
  ! 422 recipient_unknown C-2.6.3
12:00 eva Read $file
12:05 eva Read $solutions.file
  ! 403 not_assigned C-0d
12:10 eva Read $solutions.file agency=solutions
  ! 404 unknown_agency C-2.8
# C-0d, C-2.1.4b: the look with all that was opened: her particulars with the name
# for invoices, the records of today and before, and what was noted without a
# category (file). What another agency has is unknown here: the attempts are on
# record, without its ids (C-2.8).
access
  + action=view actor=$eva occurred_at=2025-01-20T12:05 outcome=denied code=not_assigned rule=C-0d purpose=guidance
  + action=view actor=$eva occurred_at=2025-01-20T12:10 outcome=denied code=unknown_agency rule=C-2.8 purpose=guidance
  + dossier=$file occurred_at=2025-01-20T12:00 actor=$eva action=view categories=bsn,capacity,contact,file,invoice_name,medical,personal,plan,referral,report purpose=guidance outcome=allowed
disclosures
  + dossier=$file disclosure=$v_plan occurred_at=2025-01-20T11:00 recipient=$uwv recipient_class=commissioner categories=plan records=$plan ground=guidance purpose=guidance channel=secure_mail actor=$eva profile=click-2017 unlawful=false notices_pending=0
dossiers                                                       # a refused disclosure is an event (C-2.6.1)
  ~ dossier=$file : records={capacity:1,medical:1,plan:1,referral:1,report:1} last_event_at=2025-01-20T11:15
hours
  + dossier=$file entry=$u2 trajectory=R-2025-0017 date=2025-01-20 minutes=60 activity=conversation actor=$eva

day 2025-02-03
# An employer gets the capacity, never the diagnosis, whatever she agrees to.
09:50 eva GiveConsent $file {consent: $uwv_ja, for: disclose, categories: [capacity], recipient: $uwv, purpose: guidance, explicit: true, evidence: handtekening}
10:00 eva GiveConsent $file {consent: $wg_ja, for: disclose, categories: [medical], recipient: $bakker, purpose: guidance, explicit: true, evidence: handtekening}
10:10 eva Disclose $file {disclosure: $v_x4, recipient: $bakker, recipient_person: mevrouw Smit, address_used: Markt 1, categories: [medical], records: [$arts],
    ground: consent, evidence: {consent: $wg_ja}, purpose: guidance, channel: letter}
  ! 422 never_to_recipient C-2.6.5
10:15 eva Disclose $file {disclosure: $v_bakker, recipient: $bakker, recipient_person: mevrouw Smit, address_used: Markt 1, categories: [capacity, plan], records: [$fml, $plan],
    ground: guidance, evidence: {necessity: proefplaatsing}, purpose: guidance, channel: letter}
10:20 eva Disclose $file {disclosure: $v_x5, recipient: $werkvloer, recipient_person: Jo, address_used: jo@werkvloer.example, categories: [contact, plan], records: [$plan],
    ground: contact_details, evidence: {interest: kennismaking}, purpose: guidance, channel: email}
  ! 422 contact_details_only C-2.6.7
10:30 eva Disclose $file {disclosure: $v_naw, recipient: $werkvloer, recipient_person: Jo, address_used: jo@werkvloer.example, categories: [contact],
    ground: contact_details, evidence: {interest: kennismaking}, purpose: guidance, channel: email}
10:40 eva ObjectToContactDisclosure $file {received_on: 2025-02-03, reference: brief van vandaag}
10:45 eva Disclose $file {disclosure: $v_x6, recipient: $werkvloer, recipient_person: Jo, address_used: jo@werkvloer.example, categories: [contact],
    ground: contact_details, evidence: {interest: kennismaking}, purpose: guidance, channel: email}
  ! 422 contact_objection C-2.6.7
11:00 eva LogHours $file {entry: $u3, trajectory: R-2025-0017, date: 2025-02-03, minutes: 90, activity: mediation}
11:10 eva CorrectHours $file {entry: $u3, minutes: 80, reason: verschreven}
disclosures
  + dossier=$file disclosure=$v_bakker occurred_at=2025-02-03T10:15 recipient=$bakker recipient_class=employer categories=capacity,plan records=$fml,$plan ground=guidance purpose=guidance channel=letter actor=$eva profile=click-2017 unlawful=false notices_pending=0
  + dossier=$file disclosure=$v_naw occurred_at=2025-02-03T10:30 recipient=$werkvloer recipient_class=partner categories=contact ground=contact_details purpose=guidance channel=email actor=$eva profile=click-2017 unlawful=false notices_pending=0
dossiers
  ~ dossier=$file : last_event_at=2025-02-03T11:10
hours
  + dossier=$file entry=$u3 trajectory=R-2025-0017 date=2025-02-03 minutes=80 activity=mediation actor=$eva   # as corrected

day 2025-02-10
# A subsidy: to who decides on it alone, and recent (the limit is 10 February 2024).
10:00 eva AddRecord $file {record: $oud, category: subsidy, title: Oude aanvraag, source: client, obtained_on: 2024-02-09}
10:05 eva AddRecord $file {record: $aanvraag, category: subsidy, title: Jobcoach, source: client}
10:10 eva Disclose $file {disclosure: $v_x7, recipient: $gemeente, recipient_person: loket, address_used: stadhuis, categories: [subsidy], records: [$aanvraag],
    ground: guidance, evidence: {necessity: jobcoach}, purpose: subsidy, channel: portal}
  ! 422 not_authorised_for_subsidies C-2.6.4
10:15 eva Disclose $file {disclosure: $v_x8, recipient: $loket, recipient_person: loket, address_used: portaal, categories: [subsidy], records: [$oud],
    ground: guidance, evidence: {necessity: jobcoach}, purpose: subsidy, channel: portal}
  ! 422 record_not_recent C-2.6.4
10:20 eva Disclose $file {disclosure: $v_subsidie, recipient: $loket, recipient_person: loket, address_used: portaal, categories: [subsidy], records: [$aanvraag],
    ground: guidance, evidence: {necessity: jobcoach}, purpose: subsidy, channel: portal}
10:30 ada RegisterVolume $file {volume: $map, cabinet: K1}
10:40 ada CheckOutPaper $file {volume: $map, purpose: guidance}
10:50 ada CheckOutPaper $file {volume: $map, purpose: guidance}
  ! 422 already_out C-2.7d
disclosures
  + dossier=$file disclosure=$v_subsidie occurred_at=2025-02-10T10:20 recipient=$loket recipient_class=subsidy_provider categories=subsidy records=$aanvraag ground=guidance purpose=subsidy channel=portal actor=$eva profile=click-2017 unlawful=false notices_pending=0
dossiers
  ~ dossier=$file : records={capacity:1,medical:1,plan:1,referral:1,report:1,subsidy:2} last_event_at=2025-02-10T10:20
paper                                                          # C-1.1b
  + dossier=$file volume=$map cabinet=K1 registered_at=2025-02-10T10:30 state=out out_since=2025-02-10T10:40 holder=$ada purpose=guidance times_out=1
deadlines
  + dossier=$file kind=paper ref=$map started=2025-02-10 due=2025-02-10 status=open   # C-2.7d: back by the end of the day; click-2017 asks for no daily check of cabinets

day 2025-02-11
# It was left out overnight.
deadlines
  ~ ref=$map : status=overdue
obligations
  + dossier=$file kind=volume_out since=2025-02-11 ref=$map    # C-2.7d: from the day after

day 2025-02-14
# Her mentor asks for access in her name; more than that is not hers to ask.
09:00 ada CheckInPaper $file {volume: $map}
10:00 eva RecordRepresentative $file {representative: $zus, kind: mentor, name: Truus, scope: [access], evidence: beschikking, from: 2025-02-01}
10:05 eva RecordRepresentative $file {representative: $vriend, kind: mandated, name: Kees, scope: [access], evidence: "", from: 2025-02-01}
  ! 422 evidence_missing C-2.9a
10:10 cor ReceiveRequest $file {request: $inzage, kind: access, by: representative, representative: $zus, channel: letter, received_on: 2025-02-14}
10:15 cor ReceiveRequest $file {request: $te_veel, kind: rectification, by: representative, representative: $zus, channel: letter, received_on: 2025-02-14}
  ! 422 representative_out_of_scope C-2.9a
10:20 cor ReceiveRequest $file {request: $te_veel, kind: access, by: representative, representative: $vriend, channel: letter, received_on: 2025-02-14}
  ! 404 unknown_representative C-2.9a
dossiers
  ~ dossier=$file : last_event_at=2025-02-14T10:10
paper
  ~ volume=$map : state=in -out_since -holder -purpose
requests
  + dossier=$file request=$inzage kind=access by=representative representative=$zus channel=letter received_on=2025-02-14 due=2025-03-14 number=1 items=0 state=open
deadlines
  ~ ref=$map : status=met_late
  + dossier=$file kind=request ref=$inzage started=2025-02-14 due=2025-03-14 status=open   # C-2.9.1: 28 days
obligations
  - kind=volume_out

day 2025-03-06
10:00 cor FulfilRequest $file {request: $inzage, fulfilled_on: 2025-03-06, method: letter}
  ! 422 not_decided C-2.9.1
10:05 cor DecideRequest $file {request: $inzage, decision: granted, answered_on: 2025-03-06}
10:10 cor FulfilRequest $file {request: $inzage, fulfilled_on: 2025-03-06, method: letter, fee: 12.50}
  ! 422 fee_not_allowed L-12
10:15 cor FulfilRequest $file {request: $inzage, fulfilled_on: 2025-03-06, method: letter}
dossiers
  ~ dossier=$file : last_event_at=2025-03-06T10:15
requests
  ~ request=$inzage : decision=granted decided_on=2025-03-06 answered_on=2025-03-06 fulfilled_on=2025-03-06 state=fulfilled
deadlines
  ~ ref=$inzage : status=met                                   # access is met by its fulfilment (catalogue §3)

day 2025-03-10
# The plan was wrong: UWV and the baker have it, the others not.
10:00 cor ReceiveRequest $file {request: $verbeter, kind: rectification, by: client, channel: in_person, received_on: 2025-03-10, reason: incorrect,
    items: [{record: $plan, wanted: ander beroep}]}
10:05 cor ExtendRequest $file {request: $verbeter, until: 2025-05-10, reason: druk, told_on: 2025-03-10}
  ! 422 extension_not_allowed C-2.9.2
10:10 cor DecideRequest $file {request: $verbeter, decision: granted, answered_on: 2025-03-10}
10:20 eva CorrectRecord $file {record: $intake, replacement: {text: Anders.}, reason: verzoek, request: $verbeter}
  ! 422 judgement_not_replaced C-2.4
10:25 eva CorrectRecord $file {record: $plan, replacement: {text: Naar ander werk.}, reason: verzoek, request: $verbeter}
dossiers
  ~ dossier=$file : last_event_at=2025-03-10T10:25
requests
  + dossier=$file request=$verbeter kind=rectification by=client channel=in_person received_on=2025-03-10 due=2025-04-07 number=1 items=1 reason=incorrect decision=granted decided_on=2025-03-10 answered_on=2025-03-10 state=decided
disclosures
  ~ disclosure=$v_plan : notices_pending=1
  ~ disclosure=$v_bakker : notices_pending=1
deadlines
  + dossier=$file kind=request ref=$verbeter started=2025-03-10 due=2025-04-07 status=met                # C-2.9.3: 28 days; met by the answer
  + dossier=$file kind=recipient_notice ref=$v_plan started=2025-03-10 due=2025-04-07 status=open        # L-19: within the term of the request
  + dossier=$file kind=recipient_notice ref=$v_bakker started=2025-03-10 due=2025-04-07 status=open
obligations
  + dossier=$file kind=request_unfulfilled since=2025-03-10 ref=$verbeter                                # C-2.9.2: granted, not carried out
  + dossier=$file kind=recipient_notice since=2025-03-10 ref=$v_plan                                     # L-19
  + dossier=$file kind=recipient_notice since=2025-03-10 ref=$v_bakker
notices
  + dossier=$file to=recipient kind=recipient_notice ref=$v_plan recipient=$uwv item=$plan act=rectification since=2025-03-10 due=2025-04-07 state=pending
  + dossier=$file to=recipient kind=recipient_notice ref=$v_bakker recipient=$bakker item=$plan act=rectification since=2025-03-10 due=2025-04-07 state=pending

day 2025-03-12
09:00 eva NotifyRecipient $file {disclosure: $v_plan, about: $plan, outcome: sent}
09:05 eva NotifyRecipient $file {disclosure: $v_bakker, about: $plan, outcome: impossible}
  ! 422 reason_missing L-19
09:10 eva NotifyRecipient $file {disclosure: $v_bakker, about: $plan, outcome: sent}
09:15 eva NotifyRecipient $file {disclosure: $v_subsidie, about: $plan, outcome: sent}
  ! 422 not_disclosed L-19
09:20 cor FulfilRequest $file {request: $verbeter, fulfilled_on: 2025-03-12, method: in_person}
dossiers
  ~ dossier=$file : last_event_at=2025-03-12T09:20
requests
  ~ request=$verbeter : fulfilled_on=2025-03-12 state=fulfilled
disclosures
  ~ notices_pending=1 : notices_pending=0
deadlines
  ~ kind=recipient_notice : status=met
obligations
  - kind=request_unfulfilled
  - kind=recipient_notice
notices
  ~ kind=recipient_notice : state=sent notified_on=2025-03-12

day 2025-03-28
# A wrong e-mail, on the Friday before the clocks go forward: 72 hours end on
# Monday at 13:30 UTC, which is 15:30 here.
15:00 eva RecordUnlawfulDisclosure $file {disclosure: $v_fout, recipient_text: onbekend adres, categories: [report], records: [$intake], channel: email, occurred_on: 2025-03-28, incident: $lek}
16:00 cor ReportIncident {incident: $lek, discovered_at: "2025-03-28T14:30:00+01:00", kind: wrong_recipient, dossiers: [$file], categories: [report], people: 1, text: verkeerd adres}
16:05 cor CloseIncident {incident: $lek, closed_on: 2025-03-28, outcome: klaar}
  ! 422 not_assessed L-33
16:10 cor AssessIncident {incident: $lek, risk: medium, notify_authority: false, notify_clients: false, reason: valt mee}
  ! 422 notification_due L-33
16:15 cor AssessIncident {incident: $lek, risk: medium, notify_authority: true, notify_clients: true, reason: gespreksverslag}
dossiers
  ~ dossier=$file : last_event_at=2025-03-28T15:00
disclosures                                                    # C-2.6b: registered too, without a ground
  + dossier=$file disclosure=$v_fout occurred_at=2025-03-28T15:00 categories=report records=$intake channel=email actor=$eva profile=click-2017 unlawful=true notices_pending=0
incidents
  + incident=$lek kind=wrong_recipient reported_at=2025-03-28T16:00 discovered_at=2025-03-28T14:30 notify_by=2025-03-31T15:30 dossiers=$file categories=report people=1 state=assessed risk=medium notify_authority=true notify_clients=true assessed_at=2025-03-28T16:15
deadlines
  + dossier=$file kind=breach ref=$lek started=2025-03-28T13:30:00Z due=2025-03-31T13:30:00Z status=open   # L-33: hours, in UTC
obligations
  + dossier=$file kind=breach_notice since=2025-03-28 ref=$lek                                             # L-34: the assessment says that she hears of it

day 2025-03-31
15:00 cor NotifyAuthority {incident: $lek, notified_at: "2025-03-31T14:45:00+02:00", reference: AP-1}
15:10 eva NotifyClient $file {about: breach, ref: $lek, text: uw verslag ging naar een verkeerd adres, method: letter, notified_on: 2025-03-31}
15:20 cor CloseIncident {incident: $lek, closed_on: 2025-03-31, outcome: verwijderd door de ontvanger}
dossiers
  ~ dossier=$file : last_event_at=2025-03-31T15:10
incidents
  ~ incident=$lek : state=closed notified_at=2025-03-31T14:45 closed_on=2025-03-31
deadlines
  ~ ref=$lek : status=met                                      # 12:45 UTC is before 13:30
obligations
  - kind=breach_notice
notices
  + dossier=$file to=client kind=breach ref=$lek state=sent method=letter notified_on=2025-03-31

day 2025-04-07
# A complaint about the coach, which the coach does not handle.
10:00 cor FileComplaint $file {complaint: $klacht, received_on: 2025-04-07, channel: letter, text: slordig, about_staff: $eva, clause: C-2.1.6}
10:05 dora ResolveComplaint $file {complaint: $klacht, handler: $eva, answered_on: 2025-04-07, outcome: not_upheld, remedies: de AP en de rechter}
  ! 422 handler_concerned C-2.1.3
dossiers
  ~ dossier=$file : last_event_at=2025-04-07T10:00
complaints
  + dossier=$file complaint=$klacht received_on=2025-04-07 due=2025-05-19 channel=letter about_staff=$eva clause=C-2.1.6 state=open
deadlines
  + dossier=$file kind=complaint ref=$klacht started=2025-04-07 due=2025-05-19 status=open   # C-2.1.3: 42 days

day 2025-05-06
# She takes her consents back, which holds at once.
10:00 eva WithdrawConsent $file {consent: $ja, received_on: 2025-05-06, channel: letter}
10:05 eva AddRecord $file {record: $nog_een, category: medical, title: Brief, text: Hernia., source: client, necessity: passend werk}
  ! 422 consent_to_record_missing C-3.6
10:10 eva WithdrawConsent $file {consent: $uwv_ja, received_on: 2025-05-06, channel: letter}
10:15 eva Disclose $file {disclosure: $v_x9, recipient: $uwv, recipient_person: de heer Kramer, address_used: postbus 1, categories: [capacity], records: [$fml],
    ground: consent, evidence: {consent: $uwv_ja}, purpose: guidance, channel: secure_mail}
  ! 422 consent_withdrawn C-2.6.1
10:20 eva WithdrawConsent $file {consent: $nee}
  ! 422 consent_refused L-7
dossiers
  ~ dossier=$file : last_event_at=2025-05-06T10:15
obligations
  + kind=access_review since=2025-04-09   # C-2.1.4b: 92 days went by since the agency began
  + dossier=$file kind=consent_withdrawn since=2025-05-06 ref=$arts   # L-7: erase or restrict what rests on it; the capacity rests on UAVG 30

day 2025-05-20
10:00 eva RestrictRecord $file {record: $arts, reason: toestemming ingetrokken}
10:05 eva LiftRestriction $file {record: $arts, reason: toch nodig}
  ! 422 client_not_informed L-18
dossiers
  ~ dossier=$file : last_event_at=2025-05-20T10:00
deadlines
  ~ ref=$klacht : status=overdue
obligations
  - kind=consent_withdrawn                                            # it is shielded now; nobody had received it, so no notices (L-19)
  + dossier=$file kind=complaint_overdue since=2025-05-20 ref=$klacht # C-2.1.3: the day after 19 May

day 2025-05-22
10:00 dora ResolveComplaint $file {complaint: $klacht, handler: $dora, answered_on: 2025-05-22, outcome: partly_upheld, remedies: de AP en de rechter}
dossiers
  ~ dossier=$file : last_event_at=2025-05-22T10:00
complaints
  ~ complaint=$klacht : state=resolved handler=$dora answered_on=2025-05-22 outcome=partly_upheld
deadlines
  ~ ref=$klacht : status=met_late
obligations
  - kind=complaint_overdue

day 2025-06-13
# The end. The agreement with UWV about her runs until 30 June, and the terms start then.
09:00 eva AddRecord $file {record: $eind, category: report, title: Eindrapport, source: staff_report, trajectory: R-2025-0017}
09:10 ada EndTrajectory $file {trajectory: R-2025-0017, ended_on: 2025-01-10, outcome: work}
  ! 422 before_start C-2.5b
09:15 ada EndTrajectory $file {trajectory: R-2025-0017, ended_on: 2025-06-13, outcome: work}
09:20 ada EndTrajectory $file {trajectory: R-2025-0017, ended_on: 2025-06-13, outcome: work}
  ! 422 trajectory_not_open C-2.5b
09:25 eva GiveConsent $file at=2025-06-12T10:00:00+02:00 {consent: $laat, for: record, categories: [medical], purpose: guidance, explicit: true, evidence: handtekening}
  ! 422 out_of_order C-2.1.4a
dossiers
  ~ dossier=$file : status=guidance_ended trajectories={ended:2025-06-13,started:2025-01-16,trajectory:R-2025-0017} records={capacity:1,medical:1,plan:1,referral:1,report:2,subsidy:2} last_event_at=2025-06-13T09:15
retention
  ~ status=undetermined : -missing starts=2025-06-30 term=P10Y due=2035-06-30 status=running   # C-2.5b: the later of the two ends; fiscal: 7 years after 31 December 2025 is earlier

day 2025-06-20
# Afterwards reports and aftercare alone, up to 60 days; what was worked before can be written down later.
10:00 eva LogHours $file {entry: $u4, trajectory: R-2025-0017, date: 2025-06-20, minutes: 45, activity: conversation}
  ! 422 trajectory_not_open C-0b
10:05 eva LogHours $file {entry: $u5, trajectory: R-2025-0017, date: 2025-06-20, minutes: 60, activity: report}
10:10 eva LogHours $file at=2025-06-12T16:00:00+02:00 {entry: $u6, trajectory: R-2025-0017, date: 2025-06-12, minutes: 30, activity: mediation}
10:15 ada TakeOverInvoice $file {trajectory: R-2025-0017, period: 2025-06, confirmed_by: $ada, birth_date: 1979-05-02}
  ! 422 field_not_taken_over C-1.2e
10:20 ada TakeOverInvoice $file {trajectory: R-2025-0017, period: 2025-06, confirmed_by: $ada}
dossiers
  ~ dossier=$file : last_event_at=2025-06-20T10:20
hours
  + dossier=$file entry=$u5 trajectory=R-2025-0017 date=2025-06-20 minutes=60 activity=report actor=$eva
  + dossier=$file entry=$u6 trajectory=R-2025-0017 date=2025-06-12 minutes=30 activity=mediation actor=$eva

day 2025-08-08
# The 56th day after the end: the assignment stands.

day 2025-08-09
# C-0g: the engine ended it at the beginning of the day.
dossiers
  ~ dossier=$file : -assigned last_event_at=2025-08-09T07:00

day 2026-01-01
obligations
  + kind=commissioner_agreement since=2026-01-01 ref=$uwv      # C-2.6.3: the agreement ran until 31 December

day 2035-06-30
# The last day of the term.

day 2035-07-01
retention
  ~ status=running : status=due                                # destruction is allowed on a day after due
deadlines                                                      # C-2.5f: 30 days after the end of the term
  + dossier=$file kind=destruction ref=dossier started=2035-06-30 due=2035-07-30 status=open
  + dossier=$file kind=destruction ref=fiscal started=2035-06-30 due=2035-07-30 status=open
  + dossier=$file kind=destruction ref=medical started=2035-06-30 due=2035-07-30 status=open
  + dossier=$file kind=destruction ref=subsidy started=2035-06-30 due=2035-07-30 status=open

day 2035-07-31
deadlines
  ~ kind=destruction : status=overdue
obligations                                                    # C-2.5f: from the day after
  + dossier=$file kind=destruction_overdue since=2035-07-31 ref=dossier
  + dossier=$file kind=destruction_overdue since=2035-07-31 ref=fiscal
  + dossier=$file kind=destruction_overdue since=2035-07-31 ref=medical
  + dossier=$file kind=destruction_overdue since=2035-07-31 ref=subsidy

// Package demo fills a data directory with two fictitious agencies, so that
// somebody who starts the program for the first time sees it at work. All
// people, companies and events in it are made up.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Password is that of every demonstration login. It is printed when the
// demonstration is filled: it protects nothing but made-up people.
const Password = "rustige-blauwe-fietsbel"

// Adopted is how long before the anchor the agencies adopted their regulation.
// The anchor can be found again from the adoption's occurred_at.
const Adopted = 3 * 366 * 24 * time.Hour

//go:embed click.yaml solutions.yaml
var files embed.FS

// space is the namespace of the demonstration's ids: the same things get the
// same ids each time, so that filling twice doubles nothing.
var space = uuid.MustParse("6f0b3c1e-5d0a-5f7e-9a54-1c0de57a11ed")

// Login is one way to sign in to the demonstration.
type Login struct {
	Agency, Login, Staff, Name string
	Roles                      []string
}

// Agencies are the names of the demonstration's agencies.
var Agencies = []string{"click", "solutions"}

// Anchor is the day from which everything counts back: the start of now's day
// in Amsterdam, or that of the first filling when adopted (the occurred_at of
// an agency's adoption) is not zero.
func Anchor(now, adopted time.Time) time.Time {
	if !adopted.IsZero() {
		return adopted.Add(Adopted)
	}
	y, m, d := now.In(nl.Amsterdam()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, nl.Amsterdam())
}

// Command is one command of the demonstration.
type Command struct {
	commands.Request
	// Refused tells that it is there to be refused, so that one sees it.
	Refused bool
}

// Commands are those of one agency, in order, with everything counted back
// from the anchor. The first is the agency's adoption of its regulation.
func Commands(agency string, anchor time.Time) ([]Command, error) {
	w, err := read(agency)
	if err != nil {
		return nil, err
	}
	b := &builder{agency: agency, anchor: anchor.In(nl.Amsterdam())}
	b.world(w)
	return b.out, b.err
}

// Logins are those who can sign in to one agency.
func Logins(agency string) ([]Login, error) {
	w, err := read(agency)
	if err != nil {
		return nil, err
	}
	var out []Login
	for _, s := range w.Staff {
		out = append(out, Login{Agency: agency, Login: s.Login, Staff: id(agency, "staff", s.Key), Name: s.Name, Roles: s.Roles})
	}
	return out, nil
}

// world is an agency as the file has it.
type world struct {
	Agency     string      `yaml:"agency"`
	Profile    string      `yaml:"profile"`
	Staff      []member    `yaml:"staff"`
	Recipients []recipient `yaml:"recipients"`
	Clients    []client    `yaml:"clients"`
}

type member struct {
	Key       string   `yaml:"key"`
	Login     string   `yaml:"login"`
	Name      string   `yaml:"name"`
	Roles     []string `yaml:"roles"`
	Reference string   `yaml:"reference"`
}

type recipient struct {
	Key       string `yaml:"key" json:"-"`
	Name      string `yaml:"name" json:"name"`
	Class     string `yaml:"class" json:"class"`
	Subtype   string `yaml:"subtype" json:"subtype,omitempty"`
	Agreement string `yaml:"agreement" json:"agreement,omitempty"`
	Secrecy   string `yaml:"secrecy_reference" json:"secrecy_reference,omitempty"`
	ID        string `yaml:"-" json:"recipient"`
}

type client struct {
	Key          string            `yaml:"key"`
	FamilyName   string            `yaml:"family_name"`
	GivenNames   string            `yaml:"given_names"`
	BirthDate    string            `yaml:"birth_date"`
	Address      map[string]string `yaml:"address"`
	Telephone    string            `yaml:"telephone"`
	Sex          string            `yaml:"sex"`
	Nationality  string            `yaml:"nationality"`
	BSN          bool              `yaml:"bsn"`
	Bank         bool              `yaml:"bank"`
	Service      string            `yaml:"service"`
	Referral     string            `yaml:"referral"`
	Commissioner string            `yaml:"commissioner"`
	Standing     string            `yaml:"standing"`
	Coach        string            `yaml:"coach"`
	Day          int               `yaml:"day"`
	Trajectory   string            `yaml:"trajectory"`
	OrderNumber  string            `yaml:"order_number"`
	Budget       int               `yaml:"budget_minutes"`
	Steps        []step            `yaml:"steps"`
	End          *struct {
		Day     int    `yaml:"day"`
		Outcome string `yaml:"outcome"`
	} `yaml:"end"`
}

// step is a record, with hours or without, or one of the other things.
type step struct {
	Day       int         `yaml:"day"`
	Category  string      `yaml:"category"`
	Title     string      `yaml:"title"`
	Text      string      `yaml:"text"`
	Source    string      `yaml:"source"`
	Judgement bool        `yaml:"judgement"`
	Minutes   int         `yaml:"minutes"`
	Activity  string      `yaml:"activity"`
	Consent   *consent    `yaml:"consent"`
	Withdraw  string      `yaml:"withdraw"`
	Disclose  *disclosure `yaml:"disclose"`
}

type consent struct {
	Key        string   `yaml:"key"`
	For        string   `yaml:"for"`
	Categories []string `yaml:"categories"`
	Recipient  string   `yaml:"recipient"`
	Purpose    string   `yaml:"purpose"`
	Explicit   bool     `yaml:"explicit"`
	Text       string   `yaml:"text"`
}

type disclosure struct {
	Key        string   `yaml:"key"`
	Recipient  string   `yaml:"recipient"`
	Person     string   `yaml:"person"`
	Address    string   `yaml:"address"`
	Categories []string `yaml:"categories"`
	Records    []int    `yaml:"records"` // by the day of the record
	Ground     string   `yaml:"ground"`
	Consent    string   `yaml:"consent"`
	Necessity  string   `yaml:"necessity"`
	Purpose    string   `yaml:"purpose"`
	Channel    string   `yaml:"channel"`
	Refused    bool     `yaml:"refused"` // it is there to be refused
}

func read(agency string) (*world, error) {
	text, err := files.ReadFile(agency + ".yaml")
	if err != nil {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: domain.RuleForm, Message: "the demonstration has no such agency", Cause: err}
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	w := &world{}
	if err := d.Decode(w); err != nil {
		return nil, fmt.Errorf("demo: %s.yaml: %w", agency, err)
	}
	return w, nil
}

// id makes the fixed id of a thing.
func id(parts ...string) string {
	b, _ := json.Marshal(parts) // texts alone cannot fail
	return uuid.NewSHA1(space, b).String()
}

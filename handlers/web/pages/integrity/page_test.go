package integrity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// C-2.8, C-2.1.4d: what was found of one's own agency and of none is shown and
// counted; of others there is neither what nor how many, now or in earlier alarms.
func TestOnlyOnesOwnFindings(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	words := b.For("nl")
	of := func(agency, says string, n int) (list []scrub.Finding) {
		for range n {
			list = append(list, scrub.Finding{Kind: scrub.Altered, Part: "stream", Commit: scrub.Commit{Agency: agency}, Message: says})
		}
		return list
	}
	list := append(append(of("solutions", "theirs", 41), of("click", "ours", 2)...), of("", "nobodys", 1)...)
	show := func(list []scrub.Finding, total int) (model, string) {
		m := build(words, "click", ui.Integrity{Findings: list, Total: total, ReadOnly: true})
		m.earlier(words, "click", []ui.EarlierAlarm{{At: time.Unix(0, 0), Findings: list, Total: total}})
		return m, fmt.Sprintf("%+v", m)
	}
	m, text := show(list, 44)
	if len(m.Findings) != 3 || m.Count != "3 bevindingen" || m.First != "" || m.Earlier[0].Count != "3 bevindingen" || len(m.Earlier[0].Findings) != 3 {
		t.Errorf("one's own: %s", text)
	}
	if strings.Contains(text, "41") || strings.Contains(text, "44") || strings.Contains(text, "theirs") {
		t.Errorf("of another agency: %s", text)
	}
	if m, text := show(list, 700); m.First == "" || strings.Contains(text, "700") {
		t.Errorf("more than are kept: %s", text)
	}
	m, text = show(of("solutions", "theirs", 41), 700)
	if len(m.Findings) != 0 || m.Count+m.First != "" || strings.Contains(text, "41") || strings.Contains(text, "700") || m.Earlier[0].Count != "niet over deze organisatie" {
		t.Errorf("another's alone: %s", text)
	}
}

package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
)

// The page in mm: A4 on its side.
const (
	margin = 10.0
	foot   = 15.0 // room below for the footer
)

// paper is the report on paper. Its font holds every Latin letter with whatever
// accents, Greek and Cyrillic; what is written otherwise stands in README.html.
type paper struct{ *fpdf.Fpdf }

// column is one column of a table: its head and its width in mm.
type column struct {
	head  string
	width float64
}

// printed gives the report as PDF. The same report gives the same bytes.
func printed(r *bundle.Report, list []report) ([]byte, error) {
	d := paper{fpdf.New("L", "mm", "A4", "")}
	d.SetCreationDate(r.MadeAt)
	d.SetModificationDate(r.MadeAt)
	d.SetCatalogSort(true)
	d.SetProducer("casefile", true)
	d.SetTitle(legible(list[0].Title), true)
	d.SetLang(string(list[0].Lang))
	d.AddUTF8FontFromBytes("text", "", dejavusanscondensed.TTF)
	d.AddUTF8FontFromBytes("text", "B", dejavusanscondensedbold.TTF)
	d.SetMargins(margin, margin, margin)
	d.SetAutoPageBreak(true, foot)
	d.AliasNbPages("{pages}")
	d.SetFooterFunc(func() {
		d.SetY(-margin)
		d.SetFont("text", "", 7)
		d.CellFormat(0, 4, legible(fmt.Sprintf("%s  ·  %s  ·  %d / {pages}", r.Origin, r.Dossier, d.PageNo())), "", 0, "C", false, 0, "")
	})
	for _, l := range list {
		d.report(l)
	}
	var b bytes.Buffer
	if err := d.Output(&b); err != nil {
		return nil, fmt.Errorf("evidence: the report on paper: %w", err)
	}
	return b.Bytes(), nil
}

// report writes one language of it.
func (d paper) report(l report) {
	d.AddPage()
	d.SetFont("text", "B", 15)
	d.MultiCell(0, 7, legible(l.Title), "", "L", false)
	d.Ln(1)
	for _, x := range l.Intro {
		d.SetFont("text", "", 9)
		d.CellFormat(30, 5, legible(x.Name), "", 0, "L", false, 0, "")
		d.MultiCell(0, 5, legible(x.Value), "", "L", false)
	}
	for _, s := range []struct {
		title string
		lines []string
	}{{"proved", l.Proved}, {"signed", l.Signed}, {"not_proved", l.NotProved}, {"along", l.Along}, {"how", l.How}} {
		d.heading(l.Labels[s.title])
		for _, line := range s.lines {
			d.CellFormat(5, 4.6, "•", "", 0, "L", false, 0, "")
			d.MultiCell(0, 4.6, legible(line), "", "L", false)
		}
	}
	label := func(k string, width float64) column { return column{l.Labels[k], width} }
	var looks, acts [][]string
	for _, x := range l.Looks {
		looks = append(looks, []string{x.When, x.Who, x.Role, x.What, x.Why, x.About, x.Leaf})
	}
	for _, x := range l.Acts {
		acts = append(acts, []string{x.When, x.Who, x.What, x.About, x.Leaf})
	}
	d.heading(l.Labels["looks"])
	d.table(l.Labels["none"], []column{label("time", 38), label("actor", 58), label("role", 28), label("action", 42), label("purpose", 28), label("categories", 61), label("code", 22)}, looks)
	d.heading(l.Labels["acts"])
	d.table(l.Labels["none"], []column{label("time", 38), label("actor", 58), label("kind", 63), label("about", 96), label("code", 22)}, acts)
}

// heading begins a part; it never stands alone at the end of a page.
func (d paper) heading(text string) {
	d.room(20)
	d.Ln(2)
	d.SetFont("text", "B", 11)
	d.MultiCell(0, 6, legible(text), "", "L", false)
	d.SetFont("text", "", 9)
}

// room goes to the next page when less is left on this one, and says so.
func (d paper) room(height float64) bool {
	_, page := d.GetPageSize()
	if d.GetY()+height <= page-foot {
		return false
	}
	d.AddPage()
	return true
}

// lineHeight is that of a line in a table, in mm.
const lineHeight = 3.8

// mostLines is how many lines of a cell stand together; what has more goes on in
// a row below.
const mostLines = 35

// table writes rows below heads that stand on each page anew. A cell that is
// longer than its column goes on below; up to mostLines stand on one page.
func (d paper) table(none string, columns []column, rows [][]string) {
	if len(rows) == 0 {
		d.MultiCell(0, 4.6, legible(none), "", "L", false)
		return
	}
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	d.SetDrawColor(150, 150, 150)
	head := func() {
		d.SetFont("text", "B", 7.5)
		d.row(columns, d.split(columns, heads))
		d.SetFont("text", "", 7.5)
	}
	head()
	for _, r := range rows {
		for cells := d.split(columns, r); cells != nil; {
			var part [][]string
			part, cells = cut(cells)
			if d.room(height(part)) {
				head()
			}
			d.row(columns, part)
		}
	}
	d.SetFont("text", "", 9)
}

// split breaks each cell into lines that fit its column.
func (d paper) split(columns []column, texts []string) [][]string {
	cells := make([][]string, len(columns))
	for i, text := range texts {
		for _, line := range d.SplitText(legible(text), columns[i].width) {
			cells[i] = append(cells[i], strings.TrimSpace(line))
		}
	}
	return cells
}

// cut takes the first mostLines of each cell; rest is nil when that is all.
func cut(cells [][]string) (part, rest [][]string) {
	part, more := make([][]string, len(cells)), make([][]string, len(cells))
	for i, c := range cells {
		n := min(len(c), mostLines)
		part[i], more[i] = c[:n], c[n:]
		if len(more[i]) > 0 {
			rest = more
		}
	}
	return part, rest
}

func height(cells [][]string) (h float64) {
	for _, c := range cells {
		h = max(h, float64(len(c))*lineHeight)
	}
	return h + 1
}

// row writes one row with a line below it.
func (d paper) row(columns []column, cells [][]string) {
	y, x, h := d.GetY(), margin, height(cells)
	for i, c := range columns {
		for n, line := range cells[i] {
			d.SetXY(x, y+0.5+float64(n)*lineHeight)
			d.CellFormat(c.width, lineHeight, line, "", 0, "L", false, 0, "")
		}
		x += c.width
	}
	d.Line(margin, y+h, x, y+h)
	d.SetXY(margin, y+h)
}

// legible is a text as the paper can show it: letters with their accents as one,
// which is how the font has them, and a mark for what it cannot hold.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			return -1
		case r > 0xFFFF:
			return unicode.ReplacementChar
		}
		return r
	}, norm.NFC.String(s))
}

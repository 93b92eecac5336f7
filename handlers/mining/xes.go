package mining

import (
	"bufio"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
)

// NewXES begins an event log by dossier (XES, IEEE 1849-2016) to w: each trace is
// a dossier. The events of one dossier must come together; those on none are
// left out, since a trace has no place for them.
func NewXES(w io.Writer) Writer {
	x := &xes{w: bufio.NewWriter(w)}
	x.text(xesHead)
	return x
}

// The order of the parts is that of the standard's schema.
const xesHead = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<global scope="trace">
<string key="concept:name" value="unknown"/>
</global>
<global scope="event">
<string key="concept:name" value="unknown"/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/>
<string key="lifecycle:transition" value="complete"/>
<string key="org:resource" value="unknown"/>
</global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Activity and resource" keys="concept:name org:resource"/>
<string key="lifecycle:model" value="standard"/>
<string key="concept:name" value="casefile"/>
`

type xes struct {
	w    *bufio.Writer
	open string // the dossier of the trace that is being written
}

func (x *xes) Event(e *Event) error {
	if e.Case == "" {
		return nil
	}
	if e.Case != x.open {
		x.end()
		x.open = e.Case
		x.text("<trace>\n")
		x.attribute("string", "concept:name", e.Case)
	}
	x.text("<event>\n")
	x.attribute("string", "concept:name", e.Type)
	x.attribute("string", "concept:instance", e.ID)
	x.attribute("date", "time:timestamp", Instant(e.Occurred))
	x.attribute("string", "lifecycle:transition", "complete")
	x.attribute("string", "org:resource", e.Actor)
	for _, a := range e.Attributes {
		switch v := a.Value.(type) {
		case int64:
			x.attribute("int", a.Name, strconv.FormatInt(v, 10))
		case bool:
			x.attribute("boolean", a.Name, strconv.FormatBool(v))
		case string:
			x.attribute("string", a.Name, v)
		}
	}
	x.attribute("date", "recorded_at", Instant(e.Recorded))
	if i := slices.IndexFunc(e.Related, func(r Relation) bool { return r.Type == Trajectory }); i >= 0 {
		x.attribute("string", "trajectory", e.Related[i].ID)
	}
	x.text("</event>\n")
	return nil
}

func (x *xes) end() {
	if x.open != "" {
		x.text("</trace>\n")
	}
}

func (x *xes) Close() error {
	x.end()
	x.text("</log>\n")
	return x.w.Flush()
}

func (x *xes) attribute(kind, key, value string) {
	x.text("<" + kind + ` key="` + key + `" value="`)
	xml.EscapeText(x.w, []byte(value)) //nolint:errcheck // a broken writer says so at Flush
	x.text("\"/>\n")
}

func (x *xes) text(s string) {
	x.w.WriteString(s) //nolint:errcheck // a broken writer says so at Flush
}

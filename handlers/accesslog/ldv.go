package accesslog

import (
	"encoding/hex"

	"github.com/casefile-engine/casefile/domain"
)

// The names of Logboek Dataverwerkingen (requirements §12).
const (
	attrActivity    = "dpl.core.processing_activity_id"
	attrSubject     = "dpl.core.data_subject_id"
	attrSubjectType = "dpl.core.data_subject_id_type"
	attrProcessor   = "dpl.core.foreign_operation.processor"
	// attrCategories is detail level 2 of the standard: the categories of data,
	// not the data.
	attrCategories = "casefile.data_categories"

	// SubjectType says what kind of pseudonym a data subject's is.
	SubjectType = "urn:casefile:pseudonym:dossier"
)

// The statuses of a line.
const (
	statusOK    = "Ok"
	statusError = "Error"
)

// ldvLine is one line. It says which processing of whose data took place, and
// nothing of who did it: the line with that trace in the register says so.
type ldvLine struct {
	TraceID    string        `json:"trace_id"`
	SpanID     string        `json:"span_id"`
	ParentID   string        `json:"parent_span_id,omitempty"`
	Status     string        `json:"status"`
	Name       string        `json:"name"`
	Start      int64         `json:"start_time"` // ms since 1970
	End        int64         `json:"end_time"`
	Resource   ldvResource   `json:"resource"`
	Attributes ldvAttributes `json:"attributes"`
}

type ldvResource struct {
	Name   string `json:"service.name"`
	Agency string `json:"casefile.agency"`
}

type ldvAttributes struct {
	Activity    string            `json:"dpl.core.processing_activity_id"`
	Subject     string            `json:"dpl.core.data_subject_id,omitempty"`
	SubjectType string            `json:"dpl.core.data_subject_id_type,omitempty"`
	Processor   string            `json:"dpl.core.foreign_operation.processor,omitempty"`
	Categories  []domain.Category `json:"casefile.data_categories,omitempty"`
}

func ldv(e *Entry) *ldvLine {
	l := &ldvLine{
		TraceID: e.traceHex(), SpanID: e.spanHex(), Status: statusOK, Name: "access." + e.Action,
		Start: e.Occurred.UnixMilli(), End: e.ended(),
		Resource:   ldvResource{Name: "casefile", Agency: e.Agency},
		Attributes: ldvAttributes{Activity: e.Activity(), Subject: e.Subject, Processor: e.Processor, Categories: e.Categories},
	}
	if e.Parent != [8]byte{} {
		l.ParentID = hex.EncodeToString(e.Parent[:])
	}
	if e.Subject != "" {
		l.Attributes.SubjectType = SubjectType
	}
	if e.denied() {
		l.Status = statusError
	}
	return l
}

// ended is when the look was on record, which is when it could begin to show
// something; what came from an older log tells one time alone.
func (e *Entry) ended() int64 {
	if e.Imported || e.Recorded.Before(e.Occurred) {
		return e.Occurred.UnixMilli()
	}
	return e.Recorded.UnixMilli()
}

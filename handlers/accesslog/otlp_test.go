package accesslog_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/accesslog"
)

// collector takes spans over OTLP/HTTP; answer says what it answers to the n-th
// request, nil that all is well.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte // of the requests that it took
	asked  int
	header http.Header
	path   string
}

func collect(t *testing.T, answer func(n int, w http.ResponseWriter) (taken bool)) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked++
		c.header, c.path = r.Header, r.Method+" "+r.URL.Path
		if err != nil || answer != nil && !answer(c.asked, w) {
			return
		}
		c.bodies = append(c.bodies, body)
	}))
	t.Cleanup(c.Close)
	return c
}

func sender(t *testing.T, c *collector) *accesslog.Sender {
	t.Helper()
	s, err := accesslog.NewSender(c.URL, http.Header{"Authorization": {"Bearer x"}})
	if err != nil {
		t.Fatal(err)
	}
	accesslog.WithoutPauses(s, func(time.Duration) {})
	return s
}

func send(t *testing.T, s *accesslog.Sender, list []accesslog.Entry) error {
	t.Helper()
	for i := range list {
		e := list[i]
		if err := s.Add(t.Context(), &e); err != nil {
			return err
		}
		e = accesslog.Entry{} // the sender keeps nothing of the caller's
	}
	return s.Flush(t.Context())
}

// spans decodes what the collector took.
func (c *collector) spans(t *testing.T) (out []*tracepb.Span) {
	t.Helper()
	for _, b := range c.bodies {
		var d tracepb.TracesData
		if err := proto.Unmarshal(b, &d); err != nil {
			t.Fatal(err)
		}
		for _, rs := range d.ResourceSpans {
			if len(rs.Resource.Attributes) != 2 || rs.Resource.Attributes[0].Value.GetStringValue() != "casefile" {
				t.Errorf("the resource is %v", rs.Resource)
			}
			for _, ss := range rs.ScopeSpans {
				out = append(out, ss.Spans...)
			}
		}
	}
	return out
}

func attributes(s *tracepb.Span) map[string]string {
	out := map[string]string{}
	for _, a := range s.Attributes {
		out[a.Key] = a.Value.GetStringValue()
		for _, v := range a.Value.GetArrayValue().GetValues() {
			out[a.Key] += v.GetStringValue() + " "
		}
	}
	return out
}

// what a collector gets over OTLP says the same as the lines do, and
// nothing of staff.
func TestOTLPSaysWhatTheLinesSay_X_16(t *testing.T) {
	c := collect(t, nil)
	s := sender(t, c)
	if err := send(t, s, entries()); err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	for line := range strings.Lines(lines(t, accesslog.LDV, entries())) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		want = append(want, v)
	}
	got := c.spans(t)
	if len(got) != len(want) || c.path != "POST /v1/traces" || c.header.Get("Content-Type") != "application/x-protobuf" || c.header.Get("Authorization") != "Bearer x" {
		t.Fatalf("%d spans of %d by %s, %v", len(got), len(want), c.path, c.header)
	}
	for i, span := range got {
		w, a := want[i], attributes(span)
		status := map[tracepb.Status_StatusCode]string{tracepb.Status_STATUS_CODE_OK: "Ok", tracepb.Status_STATUS_CODE_ERROR: "Error"}[span.Status.GetCode()]
		if hex.EncodeToString(span.TraceId) != w["trace_id"] || hex.EncodeToString(span.SpanId) != w["span_id"] || status != w["status"] || span.Name != w["name"] ||
			float64(span.StartTimeUnixNano/1e6) != w["start_time"] || float64(span.EndTimeUnixNano/1e6) != w["end_time"] {
			t.Errorf("%v is no %v", span, w)
		}
		parent, _ := w["parent_span_id"].(string)
		if hex.EncodeToString(span.ParentSpanId) != parent {
			t.Errorf("the parent is %x, not %s", span.ParentSpanId, parent)
		}
		for name, v := range w["attributes"].(map[string]any) {
			text, isText := v.(string)
			if isText && a[name] != text || a[name] == "" {
				t.Errorf("%s is %q, not %v", name, a[name], v)
			}
			delete(a, name)
		}
		if len(a) != 0 {
			t.Errorf("attributes that the line does not have: %v", a)
		}
	}
	for _, secret := range []string{anna, officer, domain.Operator, "coach"} {
		for _, b := range c.bodies {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s goes out", secret)
			}
		}
	}
	if n, position := s.Acknowledged(); n != len(want) || position != 49 {
		t.Errorf("acknowledged %d lines up to %d", n, position)
	}
}

// a line counts as written once the collector has acknowledged it: what it
// refuses for a moment is sent again, what it refuses for good or does not take
// is an error, and what was acknowledged before stays so.
func TestOTLPAcknowledgement_X_16(t *testing.T) {
	partial := []byte{0x0a, 0x02, 0x08, 0x01} // partial_success { rejected_spans: 1 }
	warning := []byte{0x0a, 0x04, 0x12, 0x02, 'o', 'k'}
	for name, c := range map[string]struct {
		answer func(n int, w http.ResponseWriter) bool
		code   string
		asked  int
	}{
		"at once":     {nil, "", 1},
		"a warning":   {func(_ int, w http.ResponseWriter) bool { w.Write(warning); return true }, "", 1},
		"later":       {func(n int, w http.ResponseWriter) bool { return n > 2 || status(w, 503) }, "", 3},
		"too many":    {func(n int, w http.ResponseWriter) bool { return n > 1 || status(w, 429) }, "", 2},
		"never":       {func(_ int, w http.ResponseWriter) bool { return status(w, 502) }, "collector_unreachable", 6},
		"bad request": {func(_ int, w http.ResponseWriter) bool { return status(w, 400) }, "collector_refused", 1},
		"a redirect": {func(_ int, w http.ResponseWriter) bool {
			w.Header().Set("Location", "http://elsewhere.example/")
			return status(w, 307)
		}, "collector_refused", 1},
		"not all of it": {func(_ int, w http.ResponseWriter) bool { w.Write(partial); return true }, "collector_refused", 1},
		"nonsense":      {func(_ int, w http.ResponseWriter) bool { w.Write([]byte{0x0a, 0x7f}); return true }, "collector_refused", 1},
	} {
		t.Run(name, func(t *testing.T) {
			col := collect(t, c.answer)
			s := sender(t, col)
			err := send(t, s, entries()[:4])
			n, position := s.Acknowledged()
			switch {
			case c.code == "" && (err != nil || n != 4 || position != 43):
				t.Errorf("%d up to %d, %v", n, position, err)
			case c.code != "" && (domain.AsError(err).Code != c.code || n != 0 || position != 0):
				t.Errorf("%d up to %d, %v", n, position, err)
			}
			if col.asked != c.asked {
				t.Errorf("asked %d times", col.asked)
			}
		})
	}
}

func status(w http.ResponseWriter, code int) bool {
	w.WriteHeader(code)
	return false
}

// a look's lines stay in one batch, so that the acknowledged position is
// true of whole looks; agencies do not share one.
func TestOTLPBatches_X_16(t *testing.T) {
	var list []accesslog.Entry
	for i := range 1400 {
		e := entries()[0]
		e.Position, e.Span = uint64(1+i/300), [8]byte{byte(i), byte(i >> 8), 1}
		list = append(list, e)
	}
	other := entries()[0]
	other.Agency, other.Position = "sol", 99
	list = append(list, other)
	c := collect(t, nil)
	s := sender(t, c)
	if err := send(t, s, list); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, b := range c.bodies {
		one := &collector{bodies: [][]byte{b}}
		sizes = append(sizes, len(one.spans(t)))
	}
	if !slices.Equal(sizes, []int{600, 600, 200, 1}) {
		t.Errorf("batches of %v", sizes)
	}
}

// lines go over TLS, or stay on the machine; a sign-in stands in no address.
func TestOTLPEndpoint_X_16(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://collector.example": "", "https://collector.example:4318/v1/traces": "", "http://localhost:4318": "", "http://127.0.0.1:4318": "", "http://[::1]:4318": "",
		"http://collector.example": "endpoint_without_tls", "ftp://collector.example": "invalid_endpoint", "collector:4318": "invalid_endpoint",
		"https://jan:geheim@collector.example": "invalid_endpoint", "": "invalid_endpoint", "http://localhost.example": "endpoint_without_tls",
	} {
		_, err := accesslog.NewSender(endpoint, nil)
		got := ""
		if err != nil {
			got = domain.AsError(err).Code
			if strings.Contains(err.Error(), "geheim") {
				t.Error("the error repeats the address")
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", endpoint, got, want)
		}
	}
	h, err := accesslog.Headers("Authorization=Bearer%20x, X-Scope=1")
	if err != nil || h.Get("authorization") != "Bearer x" || h.Get("X-Scope") != "1" {
		t.Errorf("%v, %v", h, err)
	}
	if _, err := accesslog.Headers("nothing"); err == nil {
		t.Error("a header without a value")
	}
}

// whoever breaks off does not wait for the collector.
func TestOTLPBrokenOff_X_16(t *testing.T) {
	c := collect(t, func(_ int, w http.ResponseWriter) bool { return status(w, 503) })
	s, err := accesslog.NewSender(c.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	e, begin := entries()[0], time.Now()
	if err := s.Add(ctx, &e); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); domain.AsError(err).Code != "collector_unreachable" || time.Since(begin) > 20*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
}

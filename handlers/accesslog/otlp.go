package accesslog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/casefile-engine/casefile/domain"
)

// How lines are sent. A batch is what a collector takes in one request without a
// word (its default limit is 4 MiB; a line is under 1 KiB); a line that was
// refused for a moment is tried again for about half a minute.
const (
	batchSize    = 500
	attempts     = 6
	firstPause   = time.Second
	longestPause = 30 * time.Second
	sendTimeout  = 20 * time.Second
	answerLimit  = 64 << 10
)

// Sender sends lines of Logboek Dataverwerkingen to a collector, as spans over
// OTLP/HTTP (protobuf). A line counts as written when the collector has
// acknowledged it; what is sent again has the same trace and span, so that a
// collector can know it. It is for one goroutine.
type Sender struct {
	target string
	header http.Header
	client *http.Client
	pause  func(ctx context.Context, d time.Duration) error

	waiting []*tracepb.Span
	agency  string
	last    uint64 // position of the newest line that waits

	lines    int
	position uint64
}

// NewSender makes a sender for a collector's address; where that has no path, the
// path of OTLP for spans is added. The standard asks for TLS: plain HTTP is for
// this machine alone. header is sent with each request (for the collector's own
// sign-in).
func NewSender(endpoint string, header http.Header) (*Sender, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, domain.Invalid("invalid_endpoint", "otlp-endpoint", "the collector's address is not one; write it as https://host:port")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, domain.Invalid("endpoint_without_tls", "otlp-endpoint", "lines of this log go over TLS; give an https address, or a collector on this machine")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return &Sender{
		target: u.String(), header: header, pause: pause,
		client: &http.Client{Timeout: sendTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Acknowledged is how many lines the collector has acknowledged, and the position
// up to which every line has been.
func (s *Sender) Acknowledged() (lines int, position uint64) { return s.lines, s.position }

// Add puts an entry in the batch and sends the batch when it is full. The lines
// of one look stay together, so that Acknowledged is true of whole looks.
func (s *Sender) Add(ctx context.Context, e *Entry) error {
	if e.Activity() == "" {
		return nil
	}
	if len(s.waiting) > 0 && (e.Agency != s.agency || len(s.waiting) >= batchSize && e.Position != s.last) {
		if err := s.Flush(ctx); err != nil {
			return err
		}
	}
	s.waiting, s.agency, s.last = append(s.waiting, span(e)), e.Agency, e.Position
	return nil
}

// Flush sends what waits and returns when the collector has acknowledged it.
func (s *Sender) Flush(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", "casefile"), text("casefile.agency", s.agency)}},
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "casefile/access"}, Spans: s.waiting,
		}},
	}}})
	if err != nil {
		return err
	}
	if err := s.deliver(ctx, body); err != nil {
		return err
	}
	s.lines, s.position, s.waiting = s.lines+len(s.waiting), s.last, nil
	return nil
}

// deliver sends a body until it is acknowledged, refused for good, or given up.
func (s *Sender) deliver(ctx context.Context, body []byte) error {
	wait := firstPause
	for n := 1; ; n++ {
		again, after, err := s.post(ctx, body)
		if err == nil || !again || n == attempts || ctx.Err() != nil {
			return err
		}
		if err := s.pause(ctx, min(max(wait, after), longestPause)); err != nil {
			return errUnreachable(err)
		}
		wait *= 2
	}
}

// post sends a body once. again tells that another attempt may succeed, after
// how long the collector asks to wait.
func (s *Sender) post(ctx context.Context, body []byte) (again bool, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	for k, v := range s.header {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := s.client.Do(r)
	if err != nil {
		return true, 0, errUnreachable(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	switch {
	case err != nil:
		return true, 0, errUnreachable(err)
	case resp.StatusCode == http.StatusOK:
		if n, err := rejected(answer); err != nil || n > 0 {
			return false, 0, errRefused(resp.StatusCode, err)
		}
		return false, 0, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusBadGateway ||
		resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // absent: 0
		return true, time.Duration(seconds) * time.Second, errUnreachable(nil)
	}
	return false, 0, errRefused(resp.StatusCode, nil)
}

// rejected reads how many spans a collector's answer (ExportTraceServiceResponse:
// partial_success = 1 { rejected_spans = 1 }) says that it did not take.
func rejected(answer []byte) (int64, error) {
	partial, err := protoField(answer, 1, protowire.BytesType)
	if err != nil || len(partial) == 0 {
		return 0, err
	}
	raw, err := protoField(partial, 1, protowire.VarintType)
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	n, _ := protowire.ConsumeVarint(raw)
	return int64(n), nil //nolint:gosec // the field is an int64 in two's complement
}

// protoField is the last value of a field of a message: the bytes of a message,
// the encoded number of a varint; nil when it is absent.
func protoField(b []byte, field protowire.Number, kind protowire.Type) (value []byte, err error) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, typ, b)
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if num == field && typ == kind {
			value = b[:size]
			if typ == protowire.BytesType {
				value, _ = protowire.ConsumeBytes(value)
			}
		}
		b = b[size:]
	}
	return value, nil
}

// span is a line as a span.
func span(e *Entry) *tracepb.Span {
	l := ldv(e)
	out := &tracepb.Span{
		TraceId: slices.Clone(e.Trace[:]), SpanId: slices.Clone(e.Span[:]), Name: l.Name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: nanos(l.Start), EndTimeUnixNano: nanos(l.End),
		Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK},
	}
	if l.ParentID != "" {
		out.ParentSpanId = slices.Clone(e.Parent[:])
	}
	if l.Status == statusError {
		out.Status.Code = tracepb.Status_STATUS_CODE_ERROR
	}
	for _, a := range []struct{ name, value string }{
		{attrActivity, l.Attributes.Activity}, {attrSubject, l.Attributes.Subject}, {attrSubjectType, l.Attributes.SubjectType}, {attrProcessor, l.Attributes.Processor},
	} {
		if a.value != "" {
			out.Attributes = append(out.Attributes, text(a.name, a.value))
		}
	}
	if len(e.Categories) > 0 {
		list := &commonpb.ArrayValue{}
		for _, c := range e.Categories {
			list.Values = append(list.Values, &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: string(c)}})
		}
		out.Attributes = append(out.Attributes, &commonpb.KeyValue{Key: attrCategories, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}})
	}
	return out
}

// nanos are milliseconds since 1970 as OTLP has them; a time before is none.
func nanos(ms int64) uint64 { return uint64(max(ms, 0)) * uint64(time.Millisecond) } //nolint:gosec // not negative

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func errUnreachable(cause error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "collector_unreachable", Rule: "X-16", Cause: cause,
		Message: "the collector did not acknowledge the lines, so they count as not sent; see that it runs, and go on after the last position that it acknowledged"}
}

func errRefused(status int, cause error) error {
	return &domain.Error{Kind: domain.KindRefused, Code: "collector_refused", Rule: "X-16", Cause: cause,
		Message: "the collector refused lines (HTTP " + strconv.Itoa(status) + "); see its log, and go on after the last position that it acknowledged"}
}

// Headers reads headers as OpenTelemetry writes them in a variable:
// name=value,name=value, each value percent-encoded.
func Headers(list string) (http.Header, error) {
	h := http.Header{}
	for pair := range strings.SplitSeq(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		v, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil {
			return nil, errors.New("a header is written as name=value")
		}
		h.Set(strings.TrimSpace(name), v)
	}
	return h, nil
}

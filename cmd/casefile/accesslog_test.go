package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector VAR FILE [N]: starts a collector of spans over OTLP/HTTP, sets VAR to
// its address, and writes a line for each span that it took to FILE. With N it
// refuses for good all requests after the first N.
func cmdCollector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: collector VAR FILE [N]")
	}
	most := 1 << 30
	if len(args) == 3 {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			ts.Fatalf("%v", err)
		}
		most = n
	}
	file, err := os.Create(ts.MkAbs(args[1]))
	if err != nil {
		ts.Fatalf("%v", err)
	}
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		var d tracepb.TracesData
		if most--; err != nil || most < 0 || proto.Unmarshal(body, &d) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, rs := range d.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, span := range ss.Spans {
					var values []string
					for _, a := range span.Attributes {
						values = append(values, a.Key+"="+a.Value.GetStringValue())
					}
					fmt.Fprintln(file, r.Header.Get("Authorization"), span.Name, span.Status.GetCode(), strings.Join(values, " "))
				}
			}
		}
	}))
	ts.Defer(func() { srv.Close(); file.Close() })
	ts.Setenv(args[0], srv.URL)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// client talks to a server over its HTTP API (catalogue §4).
type client struct {
	base                  string
	token, user, password string
	http                  *http.Client
}

// headLimit is how long a server may take to begin its answer.
const headLimit = time.Minute

func newClient(a *app) (*client, error) {
	u, err := url.Parse(a.g.Server)
	if err != nil || u.Host == "" {
		return nil, invalid("invalid_server", "server", "the server's address is not one; write it as https://host:port")
	}
	c := &client{base: strings.TrimSuffix(a.g.Server, "/"), token: a.io.Env["CASEFILE_TOKEN"], user: a.io.Env["CASEFILE_USER"], password: a.io.Env["CASEFILE_PASSWORD"]}
	if c.token == "" && (c.user == "" || c.password == "") {
		return nil, invalid("no_credentials", "server", "a server asks who you are: set CASEFILE_TOKEN to a token of the page My account, or CASEFILE_USER to login@agency and CASEFILE_PASSWORD to the password")
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = headLimit
	c.http = &http.Client{Transport: t}
	return c, nil
}

// do sends a request and gives the answer if it is a good one; otherwise the
// server's own error.
func (c *client) do(ctx context.Context, method, path, accept string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, invalid("invalid_server", "server", "the server's address is not one; write it as https://host:port")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		r.SetBasicAuth(c.user, c.password)
	}
	r.Header.Set("Accept", accept)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Code: "server_unreachable", Rule: "C-2.1.4d", Message: "the server does not answer; check --server and that it runs", Cause: err}
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, problem(resp)
}

// kindOf turns a status into the kind of an error.
func kindOf(status int) domain.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return domain.KindForbidden
	case http.StatusNotFound:
		return domain.KindNotFound
	case http.StatusConflict:
		return domain.KindConflict
	case http.StatusUnprocessableEntity:
		return domain.KindRefused
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return domain.KindUnavailable
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return domain.KindInvalid
	}
	return domain.KindInternal
}

// problem reads the problem details of an answer (RFC 9457).
func problem(resp *http.Response) *domain.Error {
	var p struct {
		Code   string `json:"code"`
		Rule   string `json:"rule"`
		Field  string `json:"field"`
		Detail string `json:"detail"`
	}
	e := &domain.Error{Kind: kindOf(resp.StatusCode), Code: "server_error", Rule: "C-2.1.4d", Message: "the server answered in a way that is not casefile's; check --server"}
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p) == nil && p.Code != "" {
		e.Code, e.Rule, e.Field, e.Message = p.Code, p.Rule, p.Field, p.Detail
	}
	return e
}

// httpExecutor gives commands to a server one after the other, so that their
// order holds.
type httpExecutor struct{ c *client }

func newHTTPExecutor(a *app) (*httpExecutor, error) {
	c, err := newClient(a)
	return &httpExecutor{c}, err
}

func (x *httpExecutor) ExecuteWindow(ctx context.Context, _ commands.Caller, rs []commands.Request) []commands.Outcome {
	out := make([]commands.Outcome, len(rs))
	for i, r := range rs {
		out[i] = x.execute(ctx, r)
		if out[i].Retry {
			// What comes after may depend on it; it is all sent again.
			for k := i + 1; k < len(rs); k++ {
				out[k] = out[i]
				out[k].ID = rs[k].ID
			}
			break
		}
	}
	return out
}

func (x *httpExecutor) execute(ctx context.Context, r commands.Request) (o commands.Outcome) {
	body, err := json.Marshal(r)
	if err == nil {
		var resp *http.Response
		if resp, err = x.c.do(ctx, http.MethodPost, "/api/v1/commands", "application/json", body); err == nil {
			defer resp.Body.Close()
			if err = json.NewDecoder(resp.Body).Decode(&o); err == nil {
				return o
			}
		}
	}
	e := domain.AsError(err)
	return commands.Outcome{ID: r.ID, Outcome: commands.Refused, Code: e.Code, Rule: e.Rule, Field: e.Field, Message: e.Message, Kind: e.Kind, Retry: e.Kind == domain.KindUnavailable}
}

// rows reads a register and gives each row's JSON.
func (c *client) rows(ctx context.Context, agency, register string, q url.Values, emit func(row any) error) error {
	resp, err := c.do(ctx, http.MethodGet, "/api/v1/agencies/"+url.PathEscape(agency)+"/"+url.PathEscape(register)+"?"+q.Encode(), "application/jsonl", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	for {
		var row json.RawMessage
		if err := d.Decode(&row); err == io.EOF {
			return nil
		} else if err != nil {
			return answerCutShort(err)
		}
		if err := emit(row); err != nil {
			return err
		}
	}
}

func answerCutShort(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "answer_cut_short", Rule: "C-2.1.4d", Message: "the server's answer broke off, so rows are missing; give the command again", Cause: err}
}

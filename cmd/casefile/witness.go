package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/handlers/witness"
)

// witnessCmd runs a witness (C2SP tlog-witness), for an agency, its auditor or
// anybody else. It needs no data directory.
type witnessCmd struct {
	Dir    string `default:"./casefile-witness" placeholder:"DIR" help:"Where the witness keeps its key and what it cosigned (default ${default}); never put an older copy of it back."`
	Name   string `placeholder:"NAME" help:"The name of a new witness, as auditor.example/casefile; later starts know it."`
	Take   string `name:"take-key" placeholder:"FILE" help:"A private key to take over in place of making one; it must never have cosigned elsewhere."`
	Logs   string `placeholder:"FILE" help:"The logs it cosigns, one a line: the log's public key, or an agency's ledger.pub with casefile/STORE/AGENCY behind it."`
	Listen string `default:"localhost:8090" placeholder:"ADDR" help:"Where to listen (default ${default}); put a proxy with TLS before it."`
	Quiet  bool   `help:"Log warnings and errors alone."`
}

func (witnessCmd) place() place { return onNothing }

// Limits of the witness's server: what a slow or hostile caller can hold on to.
const (
	witnessHeaders = 5 * time.Second
	witnessRequest = 30 * time.Second
	witnessIdle    = 2 * time.Minute
	witnessDrain   = 10 * time.Second
)

// Run prints the witness's public key and serves until it is interrupted.
func (c *witnessCmd) Run(a *app) (err error) {
	logs := witness.Logs{}
	if c.Logs != "" {
		b, err := os.ReadFile(c.Logs)
		if err != nil {
			return fileError(c.Logs, err)
		}
		if logs, err = witness.ParseLogs(string(b)); err != nil {
			return err
		}
	}
	log := (&serveCmd{Quiet: c.Quiet}).logger(a)
	w, err := witness.Open(witness.Options{Dir: c.Dir, Name: c.Name, Key: c.Take, Logs: logs, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	l, err := listen(a.ctx, c.Listen, "--listen")
	if err != nil {
		return err
	}
	defer l.Close()
	if _, err := fmt.Fprintln(a.io.Stdout, w.Public()); err != nil {
		return err
	}
	a.say("casefile witness serves on %s, for %d logs; give agencies its address and the public key above", address(c.Listen, l.Addr()), len(logs))
	srv := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: witnessHeaders, ReadTimeout: witnessRequest, WriteTimeout: witnessRequest, IdleTimeout: witnessIdle,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(web.Limited(l)) }()
	select {
	case err := <-ended:
		return err
	case <-a.ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), witnessDrain)
	defer cancel()
	return cmp.Or(srv.Shutdown(drain), srv.Close())
}
